import type { Json, JsonObject } from '../../base/json.ts'

/** A value of types without functions as JSON: absent fields stay away, and what remains is what a key can hold. */
export function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

export function toSpec(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}

/** Reads back what the maker of the same kind's actions put into a spec. The shape is that kind's promise, as with `readJson`. */
export function fromSpec<T>(value: Json | undefined): T {
  return value as T
}
