// What a YAML scalar means to a typed field. Source: the resolution rules of go-yaml v3, which reads melange's recipes,
// and Go's strconv and time.ParseDuration.
import { isNull, type ScalarNode } from '../node.ts'

export function asText(node: ScalarNode): string {
  return isNull(node) ? '' : node.text
}

/** True and false of YAML 1.2, and the other spellings of YAML 1.1, which count quoted too. */
export function asBoolean(node: ScalarNode): boolean | undefined {
  if (node.plain && /^(true|True|TRUE)$/.test(node.text)) return true
  if (node.plain && /^(false|False|FALSE)$/.test(node.text)) return false
  if (/^(y|Y|yes|Yes|YES|on|On|ON)$/.test(node.text)) return true
  if (/^(n|N|no|No|NO|off|Off|OFF)$/.test(node.text)) return false
  return undefined
}

const MOST_DIGITS = 2n ** 64n - 1n

/** `010` is 8, `0x1F` is 31, `1_000` is 1000, `2.9` is 2 and `1e2` is 100; at most 2^64-1. Quoted text is no number. */
export function asInteger(node: ScalarNode): bigint | undefined {
  if (!node.plain) return undefined
  const text = node.text.replaceAll('_', '')
  const value = wholeNumber(text) ?? fraction(text)
  return value === undefined || value > MOST_DIGITS || value < -(2n ** 63n) ? undefined : value
}

function wholeNumber(text: string): bigint | undefined {
  const [, sign, digits] = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]+|0|[1-9][0-9]*)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return sign === '-' ? -value : value
}

function fraction(text: string): bigint | undefined {
  if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds of Go's duration text: numbers with units (`1h30m`, `1.5s`), or a bare `0`. */
export function durationOf(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0
  const [, sign, body] = /^([-+]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text) ?? []
  if (body === undefined) return undefined
  let total = 0
  for (const [, amount, unit] of body.matchAll(/([0-9.]+)([a-zµμ]+)/g)) total += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  return sign === '-' ? -total : total
}
