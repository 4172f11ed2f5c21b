import type { NodeId } from '../../base/ids.ts'
import { renderDiagnostics } from '../../base/render-diagnostic.ts'
import { unreachable } from '../../base/result.ts'
import type { Failure } from '../../engine/action.ts'
import type { BuildEvent } from '../../engine/events.ts'
import { type Reason, tellNearest } from '../../engine/explain.ts'
import { harmless, type Style } from './style.ts'
import { summaryLines } from './summary-lines.ts'
import { duration } from './words.ts'

/** Lines that a build leaves behind, in a pipe and above the live view: what ran and why, what failed and its last words. Hits are only counted. */
export class BuildLines {
  readonly #style: Style
  readonly #tails = new Map<NodeId, string>()
  /** Nodes that a failure keeps from running, counted: they are told in one line with the failure, which comes after them. */
  readonly #skipped = new Map<NodeId, number>()

  constructor(style: Style) {
    this.#style = style
  }

  tell(event: BuildEvent): readonly string[] {
    const { bold, dim, green, yellow } = this.#style
    switch (event.kind) {
      case 'log':
        this.#tails.set(event.id, `${this.#tails.get(event.id) ?? ''}${event.text}`.slice(-16_384))
        return []
      case 'finished':
        this.#tails.delete(event.id)
        if (event.unlike !== undefined) return [`${yellow('unlike')}   ${event.label}: the same inputs gave another ${event.unlike.join(', ')} than before`]
        if (event.how === 'hit') return []
        return [`${event.how === 'ran' ? green('ran') : green('cut off')}${event.how === 'ran' ? '    ' : ''}  ${bold(event.label)}  ${duration(event.ms)}${because(event.reason, dim)}`]
      case 'failed':
        return this.#failed(event)
      case 'skipped':
        if (event.because.kind === 'failed') this.#skipped.set(event.because.node, (this.#skipped.get(event.because.node) ?? 0) + 1)
        return []
      case 'refused':
        return [renderDiagnostics(event.diagnostics)]
      case 'rewound':
        return [`${yellow('rewound')}  ${event.id}: its output is gone from the store`]
      case 'restarted':
        return [`${yellow('again')}    ${event.id}: ${event.files.join(', ')} changed while it ran`]
      case 'planned':
      case 'started':
      case 'suspended':
      case 'grew':
      case 'progress':
        return []
      case 'summary':
        return summaryLines(event, this.#style)
      default:
        return unreachable(event)
    }
  }

  #below(id: NodeId): readonly string[] {
    const count = this.#skipped.get(id) ?? 0
    return count === 0 ? [] : [`  ${this.#style.yellow('skipped')}: ${count === 1 ? '1 action that needs' : `${count} actions that need`} it`]
  }

  #failed(event: BuildEvent & { readonly kind: 'failed' }): readonly string[] {
    const tail = harmless(this.#tails.get(event.id) ?? '').split('\n').filter((line) => line !== '').slice(-30)
    this.#tails.delete(event.id)
    const said = event.failure.kind === 'refused' ? [] : tail.map((line) => `  ${this.#style.dim('|')} ${line}`)
    return [`${this.#style.red('failed')}   ${this.#style.bold(event.label)}  ${duration(event.ms)}`, ...said, ...tellFailure(event.failure).map((line) => `  ${line}`), ...this.#below(event.id)]
  }
}

/** The nearest cause; none for a first time, which says it by itself. */
function because(reason: Reason, dim: (text: string) => string): string {
  return reason.kind === 'first' ? '' : `  ${dim(harmless(tellNearest(reason)))}`
}

/** What went wrong, and how to look at it. */
export function tellFailure(failure: Failure): readonly string[] {
  switch (failure.kind) {
    case 'exit':
      return [`${stepOf(failure)} ended with code ${failure.code}`, ...kept(failure)]
    case 'signal':
      return [`${stepOf(failure)} was ended by ${failure.signal}`, ...kept(failure)]
    case 'timeout':
      return [`${stepOf(failure)} took longer than ${failure.seconds} s`, ...kept(failure)]
    case 'refused':
      return renderDiagnostics(failure.diagnostics).split('\n')
    case 'no-output':
      return [`Output "${failure.output}" was not made`]
    default:
      return unreachable(failure)
  }
}

function stepOf(failure: { readonly step?: string }): string {
  return failure.step === undefined ? 'The command' : `Step "${failure.step}"`
}

function kept(failure: { readonly kept?: string; readonly enter?: string }): readonly string[] {
  return [...(failure.kept === undefined ? [] : [`kept: ${failure.kept}`]), ...(failure.enter === undefined ? [] : [`hint: look around in it with ${failure.enter}`])]
}
