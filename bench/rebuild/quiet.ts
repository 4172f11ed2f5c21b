import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** How busy the machine was with other things just before a scenario. */
export interface Quiet {
  /** Runnable processes over the last minute. */
  readonly load: number
  /** Share of all processors' time that was used while nothing of the benchmark ran. */
  readonly busy: number
}

const look = 200
const enough = 0.1

/** Waits until the machine is quiet, or for so many milliseconds, and says how quiet it was in the end. */
export async function awaitQuiet(patience: number): Promise<Quiet> {
  const until = performance.now() + patience
  let busy = await busyShare()
  while (busy > enough && performance.now() < until) busy = await busyShare()
  return { load: loadavg()[0] ?? 0, busy }
}

/** proc_stat(5): all that is neither idle nor waiting for a disk, in ticks of 10 ms. */
async function busyShare(): Promise<number> {
  const before = used()
  const start = performance.now()
  await sleep(look)
  return Math.min(1, ((used() - before) * 10) / (performance.now() - start) / cpus().length)
}

function used(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '').split(' ').map(Number)
  return user + nice + system + irq + soft
}
