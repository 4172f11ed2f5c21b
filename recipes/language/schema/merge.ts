import { origin, rowsOf, type Located, type RecordShape, type RecordType, type Shape } from './type.ts'

/** `over` upon `base`: what `over` leaves out comes from `base`, maps join, lists of `base` come first. */
export function merge<T extends Located>(type: RecordType<T>, base: T, over: T): T {
  return record(type, base, over) as T
}

function record(shape: RecordShape, base: object, over: object): object {
  const [low, high] = [new Map<string, unknown>(Object.entries(base)), new Map<string, unknown>(Object.entries(over))]
  const merged = rowsOf(shape).map(({ property, field }) => [property, value(field.type, low.get(property), high.get(property))])
  return Object.fromEntries([[origin, (over as Located)[origin]], ...merged])
}

function value(shape: Shape, base: unknown, over: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over]
  if (shape.kind === 'optional' && (base === undefined || over === undefined)) return over ?? base
  if (shape.kind === 'optional') return value(shape.of, base, over)
  if (isObject(base) && isObject(over)) return shape.kind === 'record' ? record(shape, base, over) : { ...base, ...over }
  return over === '' || over === 0 || over === false || over === '0' ? base : over
}

function isObject(one: unknown): one is object {
  return typeof one === 'object' && one !== null
}
