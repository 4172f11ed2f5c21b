import { readFileSync } from 'node:fs'

/** Of package.json, beside the compiled program's folder and beside the sources alike. */
export function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const text: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'))
      if (typeof text === 'object' && text !== null && 'version' in text) return String(text.version)
    } catch {
      continue
    }
  }
  return 'unknown'
}
