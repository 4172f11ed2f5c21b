import { byBytes } from '../../base/bytes.ts'
import type { Preference } from './solver-preference.ts'
import { isSelectable, type Requirement, type Rules } from './solver-rules.ts'
import { type Guide, type Move, present, type Search } from './solver-search.ts'
import type { Support } from './solver-support.ts'
import type { Candidate } from './solver-universe.ts'

export interface Parts {
  readonly rules: Rules
  readonly search: Search
  readonly preference: Preference
  readonly support: Support
}

/** What to decide next, in apk's order: needed names from the top down, then packages whose `install_if` is met, then mere virtuals. */
export class Agenda implements Guide {
  readonly #parts: Parts
  #heap: Entry[] = []
  #late: Requirement[] = []
  #read = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.takenBack()
  }

  takenBack(): void {
    this.#heap = []
    this.#late = []
    this.#read = 0
  }

  next(): Move {
    this.#readTrail()
    for (let top = this.#pop(); top !== undefined; top = this.#pop()) {
      if (this.#isMet(top)) continue
      const choice = this.#choose(top, true)
      if (choice !== undefined) return choice
      this.#late.push(top)
    }
    return this.#optional() ?? this.#virtual() ?? this.#parts.support.check()
  }

  #readTrail(): void {
    const { trail } = this.#parts.search
    for (; this.#read < trail.length; this.#read++) {
      const literal = trail[this.#read] ?? 1
      const requirement = (literal & 1) === 0 ? this.#parts.rules.requirementAt(literal >> 1) : undefined
      if (requirement !== undefined) this.#push(requirement)
    }
  }

  #isMet(requirement: Requirement): boolean {
    return requirement.providers.some(({ candidate }) => this.#parts.search.value(candidate.id) > 0)
  }

  #choose({ dependency, providers }: Requirement, selectable: boolean): Move | undefined {
    const open = providers.filter((one) => this.#parts.search.value(one.candidate.id) === 0 && isSelectable(one) === selectable)
    const best = this.#parts.preference.best(dependency.name, open)
    return best === undefined ? undefined : { kind: 'decide', literal: present(best.candidate.id) }
  }

  #optional(): Move | undefined {
    const { rules, search, support, preference } = this.#parts
    const woken = rules.optional.filter((one) => search.value(one.id) === 0 && support.triggered(one, (other) => search.value(other.id) > 0))
    const name = woken.map(({ record }) => record.name).sort(byBytes)[0]
    if (name === undefined) return undefined
    const named = woken.filter(({ record }) => record.name === name).map(asProvider)
    const best = preference.best(name, named)
    return best === undefined ? undefined : { kind: 'decide', literal: present(best.candidate.id) }
  }

  #virtual(): Move | undefined {
    for (const requirement of this.#late) {
      if (this.#isMet(requirement)) continue
      const choice = this.#choose(requirement, false)
      if (choice !== undefined) return choice
    }
    return undefined
  }

  #push(requirement: Requirement): void {
    const { search } = this.#parts
    const entry = { requirement, first: search.isHard ? search.activity(requirement.id) : 0 }
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    for (let up = (at - 1) >> 1; at > 0 && isBefore(entry, heap[up]); up = (at - 1) >> 1) {
      heap[at] = heap[up] ?? entry
      at = up
    }
    heap[at] = entry
  }

  #pop(): Requirement | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top?.requirement
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const right = heap[left + 1]
      const below = right !== undefined && isBefore(right, heap[left]) ? left + 1 : left
      const child = heap[below]
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return top.requirement
  }
}

interface Entry {
  readonly requirement: Requirement
  readonly first: number
}

function isBefore(a: Entry, b: Entry | undefined): boolean {
  return b === undefined || a.first > b.first || (a.first === b.first && a.requirement.order > b.requirement.order)
}

function asProvider(candidate: Candidate): { readonly candidate: Candidate; readonly version: string } {
  return { candidate, version: candidate.record.version }
}
