import { taskBench } from '../task-bench.ts'

type MakeBench = typeof taskBench
type OpenBench = ReturnType<MakeBench>

/** Milliseconds without a build after which the store is closed and the shells end: an idle process holds nothing that others could want. */
const patience = 10_000

/**
 * What tasks are made with, kept between builds: opening the store's index and starting shells takes longer than a small build. One build at
 * a time uses it.
 */
export class ResidentBench implements AsyncDisposable {
  #open: OpenBench | undefined
  #late: NodeJS.Timeout | undefined
  #closing: Promise<void> = Promise.resolve()

  /** For `deltaBuild`. What it gives is disposed of after each build, and stays open. */
  readonly make: MakeBench = (place, jobs, files) => {
    clearTimeout(this.#late)
    const bench = (this.#open ??= taskBench(place, undefined, (memo) => memo))
    return {
      ...bench,
      ports: { ...bench.ports, files: files(bench.store.statMemo) },
      jobs: jobs ?? bench.jobs,
      [Symbol.asyncDispose]: () => {
        // Between builds gc may take what is in no pin.
        bench.store.lease.end()
        this.#late = setTimeout(() => void this.#close(), patience)
        this.#late.unref()
        return Promise.resolve()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#late)
    await this.#close()
  }

  #close(): Promise<void> {
    const bench = this.#open
    this.#open = undefined
    if (bench !== undefined) this.#closing = Promise.resolve(bench[Symbol.asyncDispose]())
    return this.#closing
  }
}
