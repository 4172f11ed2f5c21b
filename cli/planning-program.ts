import { readdirSync, statSync } from 'node:fs'
import { memoryVersion } from '../recipes/plan/plan-memory.ts'
import { version } from './version.ts'

/** The program's own folders whose files decide what a recipe comes to. */
const folders = ['../base/', '../recipes/language/', '../recipes/language/schema/', '../recipes/plan/']

/**
 * What plans are remembered for: another program may come to others. The version alone would do for releases; whoever works on nacre compiles
 * it anew under one version, so the stat of its files counts too (a hundred of them take 0.3 ms).
 */
export function planningProgram(): string {
  const files = folders.flatMap((folder) => {
    const place = new URL(folder, import.meta.url)
    return readdirSync(place).map((name) => {
      const { size, mtimeMs } = statSync(new URL(name, place))
      return `${name} ${size} ${mtimeMs}`
    })
  })
  return [version(), memoryVersion, ...files].join('\n')
}
