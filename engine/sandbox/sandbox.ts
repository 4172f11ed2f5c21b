// The sandbox seam: what a command may see and touch, as data. Two implementations pass the same tests: bubblewrap.ts and namespaces.ts.
import type { AbsPath } from '../../base/ids.ts'

export interface Mount {
  readonly source: AbsPath
  /** Absolute path inside; parents are made. */
  readonly target: string
  readonly writable: boolean
}

export interface SandboxSpec {
  /** Folders that together are the root, lowest first: each hides what those before it have at the same path. Never written through. */
  readonly lowers: readonly AbsPath[]
  /**
   * Empty folder on one file system with `work`: what is written to the root lands here (mount points that the lowers lack, too), and is
   * thrown away with it. All of it belongs to the caller; removeTree (remove.ts) also removes folders that were closed inside.
   */
  readonly upper: AbsPath
  /** Empty folder for the sandbox's own use. */
  readonly work: AbsPath
  readonly mounts: readonly Mount[]
  readonly argv: readonly string[]
  /** Absolute path inside. */
  readonly directory: string
  /** The whole environment but for PWD, which is always `directory`: nothing of the host's is passed. Names are shell identifiers. */
  readonly environment: Readonly<Record<string, string>>
  readonly hostname: string
  /** Numbers that the command runs under, without any capability; uid 0 when left out. Whichever it is, it is the caller outside, and so is every file's owner. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** `loopback`: a loopback of its own, for tests of servers. The sandbox never has another interface. `none` when left out. */
  readonly network?: 'none' | 'loopback'
  readonly limits: {
    /** Wall-clock seconds. */
    readonly seconds?: number
    /** Bytes of address space of each process. */
    readonly memory?: number
  }
  /** What the command prints, stdout and stderr interleaved. */
  output(chunk: Uint8Array): void
  /** `inherit` gives the command the caller's own terminal (nacre run); otherwise stdin is empty and `output` gets what it prints. */
  readonly stdio?: 'captured' | 'inherit'
}

/** A command that ends with 128 + n is reported as ended by signal n, as shells do: neither they nor bubblewrap tell the two apart. */
export type SandboxExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'aborted' }
  /** The machine can't: no user namespaces, no overlay. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly hint: string }

/**
 * Laws: no network, not even the host's loopback; no host file but the mounts; no host environment; the lowers can't be written;
 * no new privileges; the one user inside is the caller outside; when `run` resolves every process of the sandbox is gone.
 */
export interface Sandbox {
  readonly name: 'bubblewrap' | 'namespaces'
  run(spec: SandboxSpec, signal: AbortSignal): Promise<SandboxExit>
}
