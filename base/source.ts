/** A text that a user wrote, with the path that messages show (relative to the workspace where it can be). */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** Half-open range of UTF-16 offsets in a source. */
export interface Span {
  readonly source: SourceFile
  readonly start: number
  readonly end: number
}

export interface Position {
  /** 1-based. */
  readonly line: number
  /** 1-based, in UTF-16 units. */
  readonly column: number
}

export function positionOf(source: SourceFile, offset: number): Position {
  let line = 1
  let from = 0
  for (let at = source.text.indexOf('\n'); at !== -1 && at < offset; at = source.text.indexOf('\n', from)) {
    line++
    from = at + 1
  }
  return { line, column: offset - from + 1 }
}

/** The line that holds the span and a line of carets under it, cut to `width` columns around the span. */
export function codeFrame(span: Span, width = 80): readonly [string, string] {
  const { text } = span.source
  const from = text.lastIndexOf('\n', span.start - 1) + 1
  const to = text.indexOf('\n', span.start)
  const line = text.slice(from, to === -1 ? text.length : to).replaceAll('\t', ' ').replace(/\r$/, '')
  const column = span.start - from
  const length = Math.max(1, Math.min(span.end, from + line.length) - span.start)
  const cut = Math.max(0, Math.min(column - 20, line.length - width))
  const shown = line.slice(cut, cut + width)
  const at = column - cut
  return [shown, ' '.repeat(at) + '^'.repeat(Math.max(1, Math.min(length, width - at)))]
}
