/** What a task takes of the machine while it runs. */
export interface Claim {
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
  readonly exclusive: boolean
}

/** The machine's processors and memory, shared by all lanes. A claim beyond the whole is cut to the whole, or it could never start. */
export class Budget {
  readonly #cpu: number
  readonly #memory: number
  readonly #busy: () => boolean
  #cpuUsed = 0
  #memoryUsed = 0
  #running = 0
  #exclusiveRunning = false
  /** Exclusive tasks that wait. While there is one nothing else starts, or it would wait for ever on a busy machine. */
  #exclusiveWaiting = 0

  /** While others keep the machine `busy`, nothing starts beside what runs. */
  constructor(cpu: number, memory: number, busy: () => boolean = () => false) {
    this.#cpu = cpu
    this.#memory = memory
    this.#busy = busy
  }

  fits(claim: Claim): boolean {
    if (this.#running === 0) return claim.exclusive || this.#exclusiveWaiting === 0
    if (claim.exclusive || this.#exclusiveRunning || this.#exclusiveWaiting > 0) return false
    const room = this.#cpuUsed + this.#cpuOf(claim) <= this.#cpu && this.#memoryUsed + this.#memoryOf(claim) <= this.#memory
    return room && !this.#busy()
  }

  wait(claim: Claim): void {
    if (claim.exclusive) this.#exclusiveWaiting++
  }

  /** Precondition: `fits`, and `wait` was called once. */
  take(claim: Claim): void {
    if (claim.exclusive) {
      this.#exclusiveWaiting--
      this.#exclusiveRunning = true
    }
    this.#running++
    this.#cpuUsed += this.#cpuOf(claim)
    this.#memoryUsed += this.#memoryOf(claim)
  }

  give(claim: Claim): void {
    if (claim.exclusive) this.#exclusiveRunning = false
    this.#running--
    this.#cpuUsed -= this.#cpuOf(claim)
    this.#memoryUsed -= this.#memoryOf(claim)
  }

  #cpuOf(claim: Claim): number {
    return Math.min(claim.cpu, this.#cpu)
  }

  #memoryOf(claim: Claim): number {
    return Math.min(claim.memory, this.#memory)
  }
}
