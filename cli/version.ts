import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

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

/** Another one for another program, of the same version too: a checkout that was changed and compiled again decides otherwise. No comma is in it. */
export function program(): string {
  const stat = statSync(fileURLToPath(import.meta.url), { bigint: true, throwIfNoEntry: false })
  return `${version()} ${stat?.size ?? ''} ${stat?.mtimeNs ?? ''}`
}
