import { baseName, type Finding, folderOf, type Generator, isEntryName } from './package-view.ts'

const folders = new Set(['usr/lib/pkgconfig', 'usr/lib64/pkgconfig', 'usr/share/pkgconfig', 'usr/local/lib/pkgconfig', 'usr/local/share/pkgconfig'])

/** Modules of pkg-config: `pc:zlib`, and those that they require. Source: pkg-config(1), pc(5). */
export const pkgconfig: Generator = {
  name: 'pkgconfig',
  async inspect(file, content, view) {
    if (file.kind !== 'file' || !file.path.endsWith('.pc')) return []
    const required = requirements(Buffer.from(await content()).toString())
    const name = baseName(file.path).slice(0, -'.pc'.length)
    if (required === undefined || !isEntryName(name)) return []
    const entry = `pc:${name}=${view.subject.version}`
    if (!folders.has(folderOf(file.path))) return [{ kind: 'vendored', entry, path: file.path }]
    const needs = required.map((module): Finding => ({ kind: 'depends', entry: `pc:${module}`, path: file.path }))
    return [{ kind: 'provides', entry, path: file.path }, ...needs]
  },
}

/** Undefined when the text is no .pc file. */
function requirements(text: string): readonly string[] | undefined {
  const variables = new Map<string, string>()
  const modules: string[] = []
  for (const raw of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*/, '').trim()
    if (line === '') continue
    const match = /^([A-Za-z0-9_.]+)\s*([:=])\s*(.*)$/.exec(line)
    if (match === null) return undefined
    const [, key = '', sign, value = ''] = match
    const expanded = expand(value, variables)
    if (sign === '=') variables.set(key, expanded)
    else if (/^Requires(\.private|\.internal)?$/.test(key)) modules.push(...modulesIn(expanded))
  }
  return modules
}

function expand(value: string, variables: ReadonlyMap<string, string>): string {
  return value.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => variables.get(name) ?? '')
}

/** `zlib >= 1.2, libpng`: names, each maybe with a bound. */
function modulesIn(list: string): readonly string[] {
  const names = list.replaceAll(/\s*(<=|>=|!=|=|<|>)\s*[^\s,]+/g, ' ').split(/[\s,]+/)
  return names.filter(isEntryName)
}
