import { systemClock, systemRandom } from '../../base/ports.ts'
import { MemoryActionCache, MemoryCas } from '../../cache/memory-cas.ts'
import { openStore } from '../../cache/store.ts'
import { actionCacheLaws, casLaws } from './laws.ts'
import { tempFolder } from './temp-folder.ts'

const ports = { clock: systemClock, random: systemRandom }

casLaws('The store in memory', () => new MemoryCas(tempFolder()))
casLaws('The local store', () => openStore(tempFolder(), ports).cas)

actionCacheLaws('The results in memory', () => new MemoryActionCache())
actionCacheLaws('The local results', () => openStore(tempFolder(), ports).results)
