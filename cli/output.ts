import type { Diagnostic } from '../base/diagnostic.ts'
import { positionOf } from '../base/source.ts'
import { renderDiagnostics } from '../base/render-diagnostic.ts'
import { type Arguments, has } from './arguments.ts'
import { exitCodes } from './exit.ts'
import { type Style, styleOf } from './render/style.ts'
import { ownTerminal, type Terminal } from './terminal.ts'

export function stderrStyle(): Style {
  return styleOf(process.stderr, process.env)
}

/** Prints complaints and gives the exit code for a request that is wrong. */
export function complain(diagnostics: readonly Diagnostic[], from: Arguments, { stdout, stderr, style }: Terminal = ownTerminal()): number {
  if (has(from, 'json')) stdout.write(`${JSON.stringify({ diagnostics: diagnostics.map(plain) })}\n`)
  else stderr.write(`${renderDiagnostics(diagnostics, inkOf(style))}\n`)
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error') ? exitCodes.wrong : exitCodes.done
}

export function inkOf(style: Style): Parameters<typeof renderDiagnostics>[1] {
  return { error: (text) => style.red(text), warning: (text) => style.yellow(text), strong: (text) => style.bold(text), faint: (text) => style.dim(text) }
}

/** A diagnostic for a program: its place as path, line and column. */
export function plain({ where, related: _, ...rest }: Diagnostic): object {
  return where === undefined ? rest : { ...rest, path: where.source.path, ...positionOf(where.source, where.start) }
}
