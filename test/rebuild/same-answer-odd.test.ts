import { compareWays } from './ways.ts'

compareWays((seed) => seed % 2 === 1)
