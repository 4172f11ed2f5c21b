import type { NodeId } from '../base/ids.ts'
import type { Resources } from './action.ts'
import { Budget, type Claim } from './budget.ts'
import { Lane } from './lane.ts'

export interface Limits {
  /** Processors: how many actions of one cpu run at once. */
  readonly jobs: number
  /** Bytes that running actions may claim together. */
  readonly memory: number
  /** Actions with `network` that run at once. They wait more than they compute, and claim no cpu unless they say so. */
  readonly network: number
  readonly load?: LoadLimit
}

/** Holds actions back while the machine has other work; one runs always. */
export interface LoadLimit {
  readonly limit: number
  /** The machine's load average (proc_loadavg(5)) at this moment. */
  now(): number
}

/** Milliseconds between two looks at the load: the kernel itself counts every 5 s. */
const lookAtLoad = 1000

/** Keys computed at once: enough to keep the disk busy, few enough not to hold a whole catalogue in memory. */
const lookups = 32

type LaneName = 'look' | 'desk' | 'cpu' | 'network' | 'exclusive'

interface Order {
  readonly priority: number
  readonly resources: Resources
}

/** What runs when: a lane for each resource class over one budget; the longest critical path first, equals in an order that the seed shuffles. */
export class Scheduler {
  readonly #seed: number
  readonly #load: LoadLimit | undefined
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  readonly #lanes: Readonly<Record<LaneName, Lane>>

  constructor(limits: Limits, seed: number) {
    const { load } = limits
    const budget = new Budget(limits.jobs, limits.memory, load === undefined ? undefined : () => load.now() > load.limit)
    this.#seed = seed
    this.#load = load
    this.#lanes = {
      look: new Lane(lookups),
      desk: new Lane(desks(limits.jobs)),
      cpu: new Lane(Infinity, budget),
      network: new Lane(limits.network, budget),
      exclusive: new Lane(1, budget),
    }
  }

  /** Looks many nodes up, the most urgent first. */
  look<T>(ids: readonly NodeId[], priorityOf: (id: NodeId) => number, task: (id: NodeId) => Promise<T>): (readonly [NodeId, Promise<T>])[] {
    const { look } = this.#lanes
    look.hold()
    const tasks = ids.map((id) => [id, look.add({ id, priority: priorityOf(id), tie: this.#tie(id) }, () => task(id))] as const)
    look.go()
    return tasks
  }

  /** Runs the task when the machine has room for it. */
  async run<T>(id: NodeId, order: Order, task: () => Promise<T>): Promise<T> {
    const { priority, resources } = order
    this.#watchLoad(1)
    try {
      return await this.#lanes[laneOf(resources)].add({ id, priority, tie: this.#tie(id), claim: claimOf(resources) }, task)
    } finally {
      this.#watchLoad(-1)
      this.#go()
    }
  }

  /** Runs the task soon. What it needs the machine for, it does between `processors` and what that returns; the end of the task gives back, too. */
  async prepare<T>(id: NodeId, order: Order, task: (processors: () => Promise<() => void>) => Promise<T>): Promise<T> {
    const given: (() => void)[] = []
    const processors = (): Promise<() => void> =>
      new Promise((granted, refused) => {
        const held = (): Promise<void> => new Promise((release) => (given.push(release), granted(release)))
        this.run(id, order, held).catch(refused)
      })
    try {
      return await this.#lanes.desk.add({ id, priority: order.priority, tie: this.#tie(id) }, () => task(processors).finally(() => given.forEach((release) => release())))
    } finally {
      this.#lanes.desk.go()
    }
  }

  /** Nodes may become more urgent while they wait: something new was found to need them. */
  raise(id: NodeId, priority: number): void {
    for (const lane of Object.values(this.#lanes)) lane.change(id, priority)
  }

  #go(): void {
    for (const lane of Object.values(this.#lanes)) lane.go()
  }

  /** A load that falls tells nobody, so as long as there is work it is looked at again and again. */
  #watchLoad(more: 1 | -1): void {
    this.#waiting += more
    if (this.#load === undefined) return
    if (this.#waiting > 0) this.#timer ??= setInterval(() => this.#go(), lookAtLoad)
    else {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** FNV-1a of the seed and the name: the same seed gives the same order, whatever the order of arrival. */
  #tie(id: NodeId): number {
    let hash = (0x811c9dc5 ^ this.#seed) >>> 0
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
  }
}

/** Two for each processor, one that uses it and one that is got ready or put away meanwhile, and two more: the work of this process is uneven. */
function desks(jobs: number): number {
  return 2 * jobs + 2
}

function laneOf(resources: Resources): LaneName {
  if (resources.exclusive === true) return 'exclusive'
  return resources.network === true ? 'network' : 'cpu'
}

function claimOf(resources: Resources): Claim {
  return { cpu: resources.cpu ?? (resources.network === true ? 0 : 1), memory: resources.memory ?? 0, exclusive: resources.exclusive === true }
}
