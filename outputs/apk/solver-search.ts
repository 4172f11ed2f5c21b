import { Fault } from '../../base/result.ts'
import type { Constraint } from './solver-rules.ts'

/** One of the literals holds. A literal is twice the package's number, plus one for "is not there". */
export interface Clause {
  /** The first two are the watched ones, so their order changes. */
  readonly literals: number[]
  /** What the clause says in the user's words; undefined for a learned one. */
  readonly cause: Constraint | undefined
  /** Clauses that a learned one follows from, and packages whose state was already fixed. */
  readonly parents: readonly Clause[]
  readonly fixed: readonly number[]
}

export interface Rule {
  readonly other: number
  readonly cause: Constraint | undefined
}

export type End =
  | { readonly kind: 'settled' }
  /** No choice can mend it. */
  | { readonly kind: 'conflict'; readonly clause: Clause }
  | { readonly kind: 'given-up' }

export type Move =
  | { readonly kind: 'decide'; readonly literal: number }
  | { readonly kind: 'conflict'; readonly clause: Clause }
  | { readonly kind: 'done' }

/** Who chooses what to try next, and hears when choices are taken back. */
export interface Guide {
  next(): Move
  takenBack(): void
}

export function present(id: number): number {
  return id * 2
}

export function absent(id: number): number {
  return id * 2 + 1
}

export function original(literals: number[], cause: Constraint | undefined): Clause {
  return { literals, cause, parents: [], fixed: [] }
}

/** Conflicts until the search starts over with what it has learned. */
const patience = 200

/**
 * Search with learning: follows every consequence of a choice; on a conflict finds the choice that it comes from, remembers the
 * reason as a clause, goes back just that far. Complete, because no clause is ever forgotten and each conflict adds one.
 */
export class Search {
  /** Literals that hold, in the order in which they came to hold. */
  readonly trail: number[] = []
  readonly #values: Int8Array
  readonly #levels: Int32Array
  readonly #reasons: (Clause | undefined)[]
  readonly #watching: (Clause[] | undefined)[]
  readonly #marks: number[] = []
  readonly #rules: (id: number) => readonly Rule[]
  readonly #asked: (readonly Rule[] | undefined)[] = []
  readonly #activity: Float64Array
  #bump = 1
  #followed = 0
  /** After so many conflicts, what conflicts are about should be decided first, whatever the preference. */
  isHard = false

  constructor(size: number, rules: (id: number) => readonly Rule[]) {
    this.#values = new Int8Array(size)
    this.#levels = new Int32Array(size)
    this.#reasons = new Array<Clause | undefined>(size)
    this.#watching = new Array<Clause[] | undefined>(size * 2)
    this.#rules = rules
    this.#activity = new Float64Array(size)
  }

  /** How much recent conflicts had to do with a variable. */
  activity(id: number): number {
    return this.#activity[id] ?? 0
  }

  /** 1 there, -1 not there, 0 open. */
  value(id: number): number {
    return this.#values[id] ?? 0
  }

  holds(literal: number): number {
    const value = this.#values[literal >> 1] ?? 0
    return (literal & 1) === 0 ? value : -value
  }

  /** Clauses are added before the search begins; a conflict among them alone is returned. */
  add(clause: Clause): Clause | undefined {
    const { literals } = clause
    if (literals.some((literal) => this.holds(literal) !== 0)) literals.sort((a, b) => this.holds(b) - this.holds(a))
    const [first, second] = literals
    if (first === undefined || this.holds(first) < 0) return clause
    if (second === undefined || this.holds(second) < 0) return this.#assign(first, clause)
    this.#watch(clause)
    return undefined
  }

  run(guide: Guide, limit: number): End {
    for (let conflicts = 0; ; ) {
      const conflict = this.#follow()
      const move: Move = conflict === undefined ? guide.next() : { kind: 'conflict', clause: conflict }
      if (move.kind === 'done') return { kind: 'settled' }
      if (move.kind === 'decide') {
        this.#marks.push(this.trail.length)
        this.#assign(move.literal, undefined)
        continue
      }
      if (!this.#learn(move.clause)) return { kind: 'conflict', clause: move.clause }
      if (++conflicts > limit) return { kind: 'given-up' }
      this.isHard = conflicts >= patience
      if (conflicts % patience === 0) this.#backTo(0)
      guide.takenBack()
    }
  }

  /** The original constraints that a final conflict follows from. */
  causes(conflict: Clause): readonly Constraint[] {
    const causes = new Set<Constraint>()
    const seen = new Set<Clause>()
    const open: Clause[] = [conflict]
    for (let clause = open.pop(); clause !== undefined; clause = open.pop()) {
      if (seen.has(clause)) continue
      seen.add(clause)
      if (clause.cause !== undefined) causes.add(clause.cause)
      open.push(...clause.parents)
      for (const id of [...clause.fixed, ...clause.literals.map((literal) => literal >> 1)]) {
        const reason = this.#levels[id] === 0 ? this.#reasons[id] : undefined
        if (reason !== undefined) open.push(reason)
      }
    }
    return [...causes]
  }

  #follow(): Clause | undefined {
    while (this.#followed < this.trail.length) {
      const literal = this.trail[this.#followed++]
      if (literal === undefined) break
      const conflict = ((literal & 1) === 0 ? this.#followRules(literal >> 1) : undefined) ?? this.#followClauses(literal ^ 1)
      if (conflict !== undefined) return conflict
    }
    return undefined
  }

  #followRules(id: number): Clause | undefined {
    for (const { other, cause } of (this.#asked[id] ??= this.#rules(id))) {
      if (this.value(other) < 0) continue
      const conflict = this.#assign(absent(other), original([absent(other), absent(id)], cause))
      if (conflict !== undefined) return conflict
    }
    return undefined
  }

  /** Each clause watches its first two literals; only when one of those fails is it looked at. */
  #followClauses(failed: number): Clause | undefined {
    const list = this.#watching[failed] ?? []
    let kept = 0
    for (let i = 0; i < list.length; i++) {
      const clause = list[i]
      if (clause === undefined) continue
      const { literals } = clause
      if (literals[0] === failed) swap(literals, 0, 1)
      if (this.holds(literals[0] ?? 0) <= 0 && this.#watchAnother(clause)) continue
      list[kept++] = clause
      const conflict = this.#assign(literals[0] ?? 0, clause)
      if (conflict === undefined) continue
      for (i++; i < list.length; i++) list[kept++] = list[i] ?? clause
      list.length = kept
      return conflict
    }
    list.length = kept
    return undefined
  }

  #watchAnother(clause: Clause): boolean {
    const { literals } = clause
    for (let i = 2; i < literals.length; i++) {
      const literal = literals[i] ?? 0
      if (this.holds(literal) < 0) continue
      swap(literals, 1, i)
      this.#watchers(literal).push(clause)
      return true
    }
    return false
  }

  #watch(clause: Clause): void {
    const [first = 0, second = 0] = clause.literals
    this.#watchers(first).push(clause)
    this.#watchers(second).push(clause)
  }

  #watchers(literal: number): Clause[] {
    const known = this.#watching[literal]
    if (known !== undefined) return known
    const list: Clause[] = []
    this.#watching[literal] = list
    return list
  }

  #assign(literal: number, reason: Clause | undefined): Clause | undefined {
    const held = this.holds(literal)
    if (held > 0) return undefined
    if (held < 0) return reason
    const id = literal >> 1
    this.#values[id] = (literal & 1) === 0 ? 1 : -1
    this.#levels[id] = this.#marks.length
    this.#reasons[id] = reason
    this.trail.push(literal)
    return undefined
  }

  /** False when the conflict doesn't rest on any choice. */
  #learn(conflict: Clause): boolean {
    this.#backTo(Math.max(0, ...conflict.literals.map((literal) => this.#levels[literal >> 1] ?? 0)))
    if (this.#marks.length === 0) return false
    const learned = this.#analyze(conflict)
    this.#bump *= 1.05
    if (this.#bump > 1e100) this.#age()
    const [assert, ...rest] = learned.literals
    if (assert === undefined) throw new Fault('internal', 'the solver learned an empty clause')
    rest.sort((a, b) => (this.#levels[b >> 1] ?? 0) - (this.#levels[a >> 1] ?? 0))
    this.#backTo(rest[0] === undefined ? 0 : (this.#levels[rest[0] >> 1] ?? 0))
    const clause = { ...learned, literals: [assert, ...rest] }
    if (rest.length > 0) this.#watch(clause)
    this.#assign(assert, clause)
    return true
  }

  /** Resolves the conflict with reasons, latest first, until one literal of the last choice is left. */
  #analyze(conflict: Clause): Clause {
    const seen = new Set<number>()
    const parents: Clause[] = []
    const fixed: number[] = []
    const earlier: number[] = []
    let open = 0
    let at = this.trail.length
    let clause: Clause | undefined = conflict
    for (;;) {
      if (clause !== undefined) parents.push(clause)
      for (const literal of clause?.literals ?? []) {
        const id = literal >> 1
        if (seen.has(id)) continue
        seen.add(id)
        this.#activity[id] = (this.#activity[id] ?? 0) + this.#bump
        if (this.#levels[id] === 0) fixed.push(id)
        else if (this.#levels[id] === this.#marks.length) open++
        else earlier.push(literal)
      }
      let last = this.trail[--at] ?? 0
      while (!seen.has(last >> 1) || this.#levels[last >> 1] !== this.#marks.length) last = this.trail[--at] ?? 0
      if (--open === 0) return { literals: [last ^ 1, ...earlier], cause: undefined, parents, fixed }
      clause = this.#reasons[last >> 1]
    }
  }

  #age(): void {
    for (const [id, value] of this.#activity.entries()) this.#activity[id] = value * 1e-100
    this.#bump *= 1e-100
  }

  #backTo(level: number): void {
    const mark = this.#marks[level]
    if (mark === undefined) return
    for (const literal of this.trail.splice(mark)) this.#values[literal >> 1] = 0
    this.#marks.length = level
    this.#followed = Math.min(this.#followed, mark)
  }
}

function swap(list: number[], a: number, b: number): void {
  const x = list[a]
  const y = list[b]
  if (x === undefined || y === undefined) return
  list[a] = y
  list[b] = x
}
