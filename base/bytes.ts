/** Order of two strings by their UTF-8 bytes. JavaScript's own order is UTF-16, which differs above U+FFFF. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const surrogates = (x & 0xf800) === 0xd800 || (y & 0xf800) === 0xd800
    return surrogates ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : x - y
  }
  return a.length - b.length
}

/** Order of a walk that sorts each folder by the UTF-8 bytes of its names: `a`, `a/b`, `a-b`. */
export function byPath(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const surrogates = (x & 0xf800) === 0xd800 || (y & 0xf800) === 0xd800
    return surrogates ? byBytes(a.replaceAll('/', '\0'), b.replaceAll('/', '\0')) : (x === slash ? 0 : x) - (y === slash ? 0 : y)
  }
  return a.length - b.length
}

const slash = 0x2f
