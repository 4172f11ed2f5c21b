// What a scenario is: ways of doing one thing, run in turn, and what the figures are held against.

/** One run. Times in milliseconds, memory in bytes. */
export interface Figures {
  readonly wall: number
  /** User and system time, of the processes it started too as far as they were waited for: what ends with a sandbox is not in it. */
  readonly cpu: number
  /** Peak resident memory of the one process that was started, not of what that started. */
  readonly peak?: number
}

export interface Way {
  readonly name: string
  /** Not measured. */
  prepare?(round: number): Promise<void> | void
  run(round: number): Promise<Figures>
}

/** What the issue asks for: shown beside the figure, never a reason to fail. */
export interface Target {
  readonly way: string
  readonly figure: 'wall' | 'cpu' | 'peak'
  /** Milliseconds or bytes; a factor when `against` is there. */
  readonly most: number
  /** The median of the pairs way/against, run by run. */
  readonly against?: string
}

export interface Scenario {
  /** `<subject>.<change>.<cache state>`. */
  readonly name: string
  readonly about: string
  /** Measured rounds after one that is not. */
  readonly rounds: number
  readonly ways: readonly Way[]
  readonly targets: readonly Target[]
  /** Figures that others published, which stand in for a peer that is not here. */
  readonly recorded?: readonly string[]
}

/** What scenarios are made in. */
export interface Bench {
  /** Kept between runs: corpora and stores, under a name with their version. */
  readonly folder: string
  /** Seconds of processor time of the package that is built in the sandbox. */
  readonly work: number
}

export type MakeScenarios = (bench: Bench) => readonly Scenario[]
