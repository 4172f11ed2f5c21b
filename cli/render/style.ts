import type { Environment } from '../../base/ports.ts'

/** Colours, or nothing at all where they are not wanted (no-color.org) or not understood. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
}

export function styleOf(stream: { readonly isTTY?: boolean }, environment: Environment): Style {
  const plain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb' || stream.isTTY !== true
  const wrap = (code: number) => (text: string): string => (plain ? text : `\u001b[${code}m${text}\u001b[0m`)
  return { bold: wrap(1), dim: wrap(2), red: wrap(31), green: wrap(32), yellow: wrap(33) }
}

/** Text from a build or a file as it may go to a terminal: control characters that could rewrite the screen are shown, not obeyed. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (c) => (c === '\r' ? '' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`))
}
