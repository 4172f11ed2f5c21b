// What the engine itself refuses. Kinds bring their own diagnostics.
import type { NodeId } from '../base/ids.ts'
import type { Failure } from './action.ts'

/** `path` begins and ends with the same node. */
export function cyclic(path: readonly NodeId[]): Extract<Failure, { kind: 'refused' }> {
  return {
    kind: 'refused',
    diagnostics: [
      {
        code: 'engine/cycle',
        severity: 'error',
        message: `"${path[0] ?? ''}" needs itself`,
        facts: [['path', path.join(' -> ')]],
        hint: 'Break the circle: one of these must be built without the next',
      },
    ],
  }
}

/** Content that no action makes, so that nothing can bring it back. */
export function contentLost(id: NodeId): Failure {
  return {
    kind: 'refused',
    diagnostics: [{ code: 'engine/content-lost', severity: 'error', message: `Content that "${id}" was given is not in the store`, hint: 'Build again without the store that lost it' }],
  }
}

/** Its inputs were not the same from the beginning of a run to its end, several times over. */
export function restless(id: NodeId, facts: readonly string[]): Failure {
  return {
    kind: 'refused',
    diagnostics: [
      {
        code: 'engine/restless',
        severity: 'error',
        message: `The inputs of "${id}" keep changing or vanishing while it runs`,
        facts: facts.map((fact) => ['input', fact]),
        hint: 'Build again when nothing else writes to the workspace or clears the store',
      },
    ],
  }
}

/** The kind says that a blob is missing, and yet every input is whole: it lost something that it made itself. */
export function blobVanished(id: NodeId): Failure {
  return {
    kind: 'refused',
    diagnostics: [{ code: 'engine/blob-vanished', severity: 'error', message: `A blob that "${id}" made is no longer in the store`, hint: 'Build again' }],
  }
}
