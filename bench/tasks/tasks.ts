import { encode, pack } from './pack.ts'
import { byHand } from './by-hand.ts'
import { environment } from './environment.ts'
import { plan } from './plan.ts'

type Argument = Readonly<Record<string, string | number>>

/** Sets up, and gives what is measured; that may answer the moment (performance.now) at which it counts as done. */
export type Task = (argument: Argument) => Promise<() => Promise<number | void>>

export const tasks: Readonly<Record<string, Task>> = { encode, pack, byHand, environment, plan }
