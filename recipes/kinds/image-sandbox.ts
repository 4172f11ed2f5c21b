import type { AbsPath, Digest } from '../../base/ids.ts'
import { Fault } from '../../base/result.ts'
import type { Roots } from '../../cache/roots.ts'
import type { SandboxSpec } from '../../engine/sandbox/sandbox.ts'
import type { RunConfig } from '../../outputs/oci/media.ts'
import { plainFolder } from './plain-folder.ts'

/** How an image's program runs: its own root, environment and folder; what it writes is thrown away. */
export async function imageSandbox(order: {
  readonly roots: Roots
  readonly root: Digest | undefined
  /** Trees that lie under the root, lowest first. */
  readonly under?: readonly Digest[]
  readonly run: RunConfig
  readonly scratch: AbsPath
  readonly hostname: string
  /** The whole command; `commandOf` gives the image's own. */
  readonly argv: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}): Promise<Omit<SandboxSpec, 'limits' | 'output'>> {
  if (order.root === undefined) throw new Fault('internal', 'an image without a root')
  return {
    lowers: await Promise.all([...(order.under ?? []), order.root].map((tree) => order.roots.folder(tree))),
    upper: plainFolder(order.scratch, 'upper'),
    work: plainFolder(order.scratch, 'work'),
    mounts: [],
    argv: order.argv,
    directory: order.run.WorkingDir ?? '/',
    environment: { ...Object.fromEntries((order.run.Env ?? []).map(split)), HOME: '/', ...order.environment },
    hostname: order.hostname,
    ...userOf(order.run),
    network: 'loopback',
  }
}

/** The image's entrypoint with the words given, or with its own command when none are (OCI config: Cmd are default arguments). */
export function commandOf(run: RunConfig, words: readonly string[], entrypoint?: string): readonly string[] {
  const program = entrypoint === undefined ? (run.Entrypoint ?? []) : [entrypoint]
  return [...program, ...(words.length > 0 ? words : entrypoint === undefined ? (run.Cmd ?? []) : [])]
}

/** The image's user by number; a name was resolved when the image was made (OCI config: `uid`, `uid:gid`). */
function userOf(run: RunConfig): { readonly user: { readonly uid: number; readonly gid: number } } | Record<never, never> {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(run.User ?? '') ?? []
  return uid === undefined ? {} : { user: { uid: Number(uid), gid: Number(gid ?? uid) } }
}

function split(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
