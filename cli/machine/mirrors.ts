import { aptMirrors } from './apt-mirrors.ts'

/** `mirrors:` of nacre.yaml: a name to base URLs, or `system` for what the machine's own package sources say. */
export type MirrorConfig = Readonly<Record<string, string | readonly string[]>>

/** Turns `mirror://NAME/path` into URLs, one for each base of that mirror; any other URI stays as it is. */
export function mirrorResolver(config: MirrorConfig): (uri: string) => readonly string[] {
  const bases = new Map<string, readonly string[]>()
  return (uri) => {
    const match = /^mirror:\/\/([^/]+)\/(.+)$/.exec(uri)
    if (match === null) return [uri]
    const [, name = '', path = ''] = match
    const known = bases.get(name) ?? basesOf(config[name] ?? 'system')
    bases.set(name, known)
    return known.map((base) => `${base}/${path}`)
  }
}

function basesOf(setting: string | readonly string[]): readonly string[] {
  if (setting === 'system') return aptMirrors()
  return (typeof setting === 'string' ? [setting] : setting).map((base) => base.replace(/\/+$/, ''))
}
