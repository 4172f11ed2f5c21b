type RunFunction = () => Promise<unknown>

/** One task that waits: the highest priority first, then by `tie`, which a seed has shuffled. */
export interface Item {
  readonly run: RunFunction
  readonly id: string
  priority: number
  readonly tie: number
}

/** A binary heap of waiting tasks whose priorities may change. Enqueue, dequeue and change cost O(log n). */
export class Heap {
  readonly #items: Item[] = []
  readonly #places = new Map<string, number>()

  get size(): number {
    return this.#items.length
  }

  peek(): Item | undefined {
    return this.#items[0]
  }

  push(item: Item): void {
    this.#items.push(item)
    this.#up(this.#items.length - 1, item)
  }

  pop(): Item | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (top === undefined || last === undefined) return undefined
    this.#places.delete(top.id)
    if (last !== top) this.#down(0, last)
    return top
  }

  /** Nothing happens for an id that does not wait: it may have started meanwhile. */
  change(id: string, priority: number): void {
    const place = this.#places.get(id)
    const item = place === undefined ? undefined : this.#items[place]
    if (place === undefined || item === undefined) return
    const rises = priority > item.priority
    item.priority = priority
    if (rises) this.#up(place, item)
    else this.#down(place, item)
  }

  #up(from: number, item: Item): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#items[parent]
      if (above === undefined || !before(item, above)) break
      this.#put(place, above)
      place = parent
    }
    this.#put(place, item)
  }

  #down(from: number, item: Item): void {
    let place = from
    for (;;) {
      const left = this.#items[2 * place + 1]
      const right = this.#items[2 * place + 2]
      if (left === undefined) break
      const [child, at] = right !== undefined && before(right, left) ? [right, 2 * place + 2] : [left, 2 * place + 1]
      if (!before(child, item)) break
      this.#put(place, child)
      place = at
    }
    this.#put(place, item)
  }

  #put(place: number, item: Item): void {
    this.#items[place] = item
    this.#places.set(item.id, place)
  }
}

function before(a: Item, b: Item): boolean {
  return a.priority !== b.priority ? a.priority > b.priority : a.tie < b.tie
}
