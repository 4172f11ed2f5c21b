/** One binary package of an archive. */
export interface IndexedDeb {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** Relative to the archive: `pool/main/…`. */
  readonly path: string
}

/** The packages of a Packages file by name, the highest version of each (Debian policy 5.3: paragraphs of `Field: value`). */
export function parsePackages(text: string): ReadonlyMap<string, IndexedDeb> {
  const found = new Map<string, IndexedDeb>()
  for (const paragraph of text.split(/\n\n+/)) {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1]?.trim() ?? ''
    const deb = { name: field('Package'), version: field('Version'), sha256: field('SHA256'), path: field('Filename') }
    if (deb.name === '' || !/^[0-9a-f]{64}$/.test(deb.sha256)) continue
    const known = found.get(deb.name)
    if (known === undefined || compareDebVersions(known.version, deb.version) < 0) found.set(deb.name, deb)
  }
  return found
}

/** Sha256 in hex of a file that a Release file lists; undefined when it lists none (Debian repository format: `SHA256:` and lines ` hash size path`). */
export function releaseHash(release: string, path: string): string | undefined {
  const sums = /^SHA256:\s*\n((?: .*\n?)*)/m.exec(release)?.[1] ?? ''
  for (const line of sums.split('\n')) {
    const [hash, , file] = line.trim().split(/\s+/)
    if (file === path) return hash
  }
  return undefined
}

/** Negative when `a` is the older. Debian policy 5.6.12: epoch, upstream version, revision; `~` sorts before the end of a part. */
export function compareDebVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)]
  return x.epoch - y.epoch || compareParts(x.upstream, y.upstream) || compareParts(x.revision, y.revision)
}

function partsOf(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:([0-9]+):)?(.*)$/.exec(version) ?? []
  const at = rest.lastIndexOf('-')
  return { epoch: Number(epoch), upstream: at === -1 ? rest : rest.slice(0, at), revision: at === -1 ? '0' : rest.slice(at + 1) }
}

function compareParts(a: string, b: string): number {
  let [x, y] = [a, b]
  while (x !== '' || y !== '') {
    const [words, others] = [/^[^0-9]*/.exec(x)?.[0] ?? '', /^[^0-9]*/.exec(y)?.[0] ?? '']
    for (let i = 0; i < Math.max(words.length, others.length); i++) {
      const d = rank(words.charAt(i)) - rank(others.charAt(i))
      if (d !== 0) return d
    }
    ;[x, y] = [x.slice(words.length), y.slice(others.length)]
    const [number, other] = [/^[0-9]*/.exec(x)?.[0] ?? '', /^[0-9]*/.exec(y)?.[0] ?? '']
    const d = BigInt(number === '' ? 0 : number) - BigInt(other === '' ? 0 : other)
    if (d !== 0n) return d < 0n ? -1 : 1
    ;[x, y] = [x.slice(number.length), y.slice(other.length)]
  }
  return 0
}

/** A tilde, then the end, then letters, then everything else. */
function rank(char: string): number {
  if (char === '~') return -1
  if (char === '') return 0
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
}
