/** For each of `count` things a list of numbers: those of thing `i` are `items[starts[i]]` to `items[starts[i + 1] - 1]`. */
export interface Adjacency {
  readonly starts: Uint32Array
  readonly items: Uint32Array
}

export function adjacency(count: number, lists: readonly (readonly number[])[]): Adjacency {
  const starts = new Uint32Array(count + 1)
  for (let i = 0; i < count; i++) starts[i + 1] = (starts[i] ?? 0) + (lists[i]?.length ?? 0)
  const items = new Uint32Array(starts[count] ?? 0)
  lists.forEach((list, i) => items.set(list, starts[i]))
  return { starts, items }
}

/** Who has a number in his list, for each number below `count`. Numbers come in ascending order. */
export function inverse({ starts, items }: Adjacency, count: number): Adjacency {
  const turned = new Uint32Array(count + 1)
  for (const item of items) turned[item + 1] = (turned[item + 1] ?? 0) + 1
  for (let i = 0; i < count; i++) turned[i + 1] = (turned[i + 1] ?? 0) + (turned[i] ?? 0)
  const next = turned.slice()
  const owners = new Uint32Array(items.length)
  for (let i = 0; i + 1 < starts.length; i++) {
    for (let at = starts[i] ?? 0; at < (starts[i + 1] ?? 0); at++) {
      const item = items[at] ?? 0
      const place = next[item] ?? 0
      owners[place] = i
      next[item] = place + 1
    }
  }
  return { starts: turned, items: owners }
}

export function listOf({ starts, items }: Adjacency, i: number): Uint32Array {
  return items.subarray(starts[i], starts[i + 1])
}
