import type { NodeId } from '../../base/ids.ts'
import type { Cas, Output } from '../../cache/cache.ts'
import { diffTrees, type TreeChange, type TreeSide } from '../../cache/tree-diff.ts'
import { compareFiles } from '../../outputs/compare/compare-files.ts'
import { gunzipSync } from 'node:zlib'

type Outputs = Readonly<Record<string, Output>>

/** An action that gave something else the second time. */
export interface Difference {
  readonly id: NodeId
  /** One line a place. */
  readonly places: readonly string[]
}

/** Files told of one action: what is beyond says nothing new to a person. */
const filesTold = 20

/** In which outputs, files and parts of files two runs of an action differ. */
export async function compareOutputs(cas: Cas, first: Outputs, second: Outputs): Promise<readonly string[]> {
  const places: string[] = []
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const [a, b] = [first[name], second[name]]
    if (a === undefined || b === undefined) places.push(`${name} is only in the ${a === undefined ? 'second' : 'first'}`)
    else if (a.digest !== b.digest) places.push(...(await compareOutput(cas, a, b)).map((place) => `${name}: ${place}`))
  }
  return places
}

async function compareOutput(cas: Cas, a: Output, b: Output): Promise<readonly string[]> {
  if (a.kind === 'tree' && b.kind === 'tree') {
    const changes = await diffTrees(cas, a.digest, b.digest)
    const told = await Promise.all(changes.slice(0, filesTold).map((change) => tellChange(cas, change)))
    return [...told.flat(), ...(changes.length > filesTold ? [`and ${changes.length - filesTold} more`] : [])]
  }
  const [x, y] = [await cas.read(a.digest), await cas.read(b.digest)]
  return x === undefined || y === undefined ? ['it differs'] : compareFiles(opened(x), opened(y))
}

/** Compressed bytes differ everywhere once they differ: what they hold says more. */
function opened(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes.length > 64e6) return bytes
  try {
    return gunzipSync(bytes)
  } catch {
    return bytes
  }
}

async function tellChange(cas: Cas, change: TreeChange): Promise<readonly string[]> {
  switch (change.kind) {
    case 'added':
      return [`${change.path} is only in the second`]
    case 'removed':
      return [`${change.path} is only in the first`]
    case 'changed':
      return (await tellSides(cas, change.before, change.after)).map((place) => `${change.path}: ${place}`)
  }
}

async function tellSides(cas: Cas, before: TreeSide, after: TreeSide): Promise<readonly string[]> {
  const [a, b] = [before.node, after.node]
  if (a.kind !== b.kind) return [`a ${a.kind} and a ${b.kind}`]
  if (a.kind === 'symlink' && b.kind === 'symlink') return [`leads to "${a.target}" and to "${b.target}"`]
  const modes = before.mode === after.mode ? [] : [`mode ${before.mode.toString(8)} and ${after.mode.toString(8)}`]
  if (a.kind !== 'file' || b.kind !== 'file' || a.digest === b.digest) return modes
  const [x, y] = [await cas.read(a.digest), await cas.read(b.digest)]
  return [...modes, ...(x === undefined || y === undefined ? ['it differs'] : compareFiles(opened(x), opened(y)))]
}
