import PQueue from 'p-queue'
import type { Budget, Claim } from './budget.ts'
import { Heap } from './heap.ts'

type Run = () => Promise<unknown>

interface Waiting {
  readonly id?: string
  readonly priority?: number
  readonly tie?: number
  readonly claim?: Claim
}

const nothing: Claim = { cpu: 0, memory: 0, exclusive: false }

/** One resource class: a p-queue over a heap, whose head starts only when the budget has room for it. */
export class Lane {
  readonly #queue: PQueue<Admission, Waiting>
  readonly #budget: Budget | undefined

  /** Without a budget only `concurrency` bounds what runs. */
  constructor(concurrency: number, budget?: Budget) {
    this.#budget = budget
    this.#queue = new PQueue<Admission, Waiting>({
      concurrency,
      queueClass: class extends Admission {
        constructor() {
          super(budget)
        }
      },
    })
  }

  async add<T>(waiting: Waiting, task: () => Promise<T>): Promise<T> {
    const claim = waiting.claim ?? nothing
    return this.#queue.add(async () => {
      try {
        return await task()
      } finally {
        this.#budget?.give(claim)
      }
    }, waiting)
  }

  change(id: string, priority: number): void {
    this.#queue.setPriority(id, priority)
  }

  /** Nothing starts until `go`: tasks added meanwhile start in the order of their priority and not of their arrival. */
  hold(): void {
    this.#queue.pause()
  }

  /** Starts what may start. p-queue looks again only when one of its own tasks ends; setting the limit makes it look now. */
  go(): void {
    if (this.#queue.isPaused) this.#queue.start()
    else this.#queue.concurrency = this.#queue.concurrency
  }
}

/**
 * The queue that p-queue sees: it is empty while its head doesn't fit. A head that doesn't fit holds back those behind it: it is
 * the most urgent, and passing it by would starve it.
 */
class Admission {
  readonly #heap = new Heap()
  readonly #claims = new Map<string, Claim>()
  readonly #budget: Budget | undefined

  constructor(budget: Budget | undefined) {
    this.#budget = budget
  }

  get size(): number {
    const head = this.#heap.peek()
    if (head === undefined) return 0
    const fits = this.#budget?.fits(this.#claims.get(head.id) ?? nothing) ?? true
    return fits ? this.#heap.size : 0
  }

  enqueue(run: Run, { id = '', priority = 0, tie = 0, claim = nothing }: Waiting = {}): void {
    this.#budget?.wait(claim)
    this.#claims.set(id, claim)
    this.#heap.push({ run, id, priority, tie })
  }

  /** p-queue asks only while `size` is not 0. */
  dequeue(): Run | undefined {
    const head = this.#heap.pop()
    if (head === undefined) return undefined
    this.#budget?.take(this.#claims.get(head.id) ?? nothing)
    this.#claims.delete(head.id)
    return head.run
  }

  setPriority(id: string, priority: number): void {
    this.#heap.change(id, priority)
  }

  filter(): Run[] {
    return []
  }
}
