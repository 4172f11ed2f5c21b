import { byBytes } from './bytes.ts'
import type { Json } from './json.ts'
import { Fault } from './result.ts'

/** The one text of a JSON value: keys sorted by bytes, no white space, integers only. Nothing else is ever hashed into a key. */
export function canonical(value: Json): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      if (!Number.isSafeInteger(value)) throw new Fault('internal', `number ${value} can't enter a key: only integers within 2^53 can`)
      return String(value === 0 ? 0 : value)
    case 'object': {
      if (value === null) return 'null'
      if (isList(value)) return `[${value.map(canonical).join(',')}]`
      const keys = Object.keys(value).sort(byBytes)
      return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`
    }
    default:
      throw new Fault('internal', `a ${typeof value} can't enter a key`)
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
