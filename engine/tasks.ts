/** Work that goes on at the same time and may bring more of itself. The first error is kept, and thrown when all has come to its end. */
export class Tasks {
  readonly #onError: () => void
  #open = 0
  #failed: { readonly error: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(onError: () => void) {
    this.#onError = onError
  }

  spawn(task: Promise<void>): void {
    this.#open++
    void task.catch((error: unknown) => this.#fail(error)).finally(() => this.#close())
  }

  async idle(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#failed !== undefined) throw this.#failed.error
  }

  #fail(error: unknown): void {
    if (this.#failed !== undefined) return
    this.#failed = { error }
    this.#onError()
  }

  #close(): void {
    this.#open--
    if (this.#open === 0) this.#wake()
  }
}
