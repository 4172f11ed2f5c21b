import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errno } from '../../base/result.ts'

/** An archive in this machine's own package sources. */
export interface AptSource {
  readonly uri: string
  readonly suite: string
}

/**
 * The Debian archives in this machine's own package sources, in their order.
 * Both forms of sources.list(5): one-line `deb [options] URI suite …` and deb822 paragraphs with `URIs:` and `Suites:`.
 */
export function aptSources(folder = '/etc/apt'): readonly AptSource[] {
  const texts = [readIf(join(folder, 'sources.list')), ...listed(join(folder, 'sources.list.d'))]
  return texts.flatMap(({ name, text }) => (name.endsWith('.sources') ? deb822(text) : oneLine(text))).map(({ uri, suite }) => ({ uri: uri.replace(/\/+$/, ''), suite }))
}

/** Their base URLs, each once. */
export function aptMirrors(folder?: string): readonly string[] {
  return [...new Set(aptSources(folder).map(({ uri }) => uri))]
}

interface Text {
  readonly name: string
  readonly text: string
}

function listed(folder: string): readonly Text[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.list') || name.endsWith('.sources'))
      .sort()
      .map((name) => readIf(join(folder, name)))
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

function readIf(path: string): Text {
  try {
    return { name: path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'EACCES') return { name: path, text: '' }
    throw error
  }
}

function deb822(text: string): readonly AptSource[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    if (/^Enabled:\s*no/im.test(paragraph)) return []
    const suites = wordsOf(paragraph, 'Suites')
    const uris = wordsOf(paragraph, 'URIs').filter((word) => /^https?:/.test(word))
    return uris.flatMap((uri) => suites.map((suite) => ({ uri, suite })))
  })
}

/** The words of a field, continued on indented lines; comments between them are left out. */
function wordsOf(paragraph: string, field: string): readonly string[] {
  const plain = paragraph.replace(/^#.*\n?/gm, '')
  const value = new RegExp(`^${field}:[ \\t]*((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(plain)?.[1] ?? ''
  return value.split(/\s+/).filter((word) => word !== '')
}

function oneLine(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, uri, suite] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(https?:\S+)\s+(\S+)/.exec(line) ?? []
    return uri === undefined || suite === undefined ? [] : [{ uri, suite }]
  })
}
