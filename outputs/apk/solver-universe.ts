import { byBytes } from '../../base/bytes.ts'
import { type Dependency, parseDependency, parseProvide } from './dependency.ts'
import type { PackageRecord } from './record.ts'

/** One index. Packages of a repository with a tag are for those who ask for the tag (`curl@edge`). */
export interface Repository {
  /** For messages. */
  readonly name?: string
  readonly tag?: string
  readonly packages: readonly PackageRecord[]
}

export interface Candidate {
  /** Dense, from 0: the solver's variable. */
  readonly id: number
  readonly record: PackageRecord
  /** Undefined for an installed package that no repository has any more. */
  readonly repository: Repository | undefined
  /** Position of the repository; the first is preferred among equals. */
  readonly rank: number
  readonly installed: boolean
}

/** A package as one of the names that it provides; the version is empty where `provides` names none. */
export interface Provider {
  readonly candidate: Candidate
  readonly version: string
}

export interface Offered {
  readonly name: string
  readonly version: string
}

export interface Needs {
  readonly dependencies: readonly Dependency[]
  /** Entries that are no dependency at all: the package can't be installed. */
  readonly malformed: readonly string[]
}

/** Everything that could be installed, by the names that it provides. Built once, used by many solves. */
export class Universe {
  readonly candidates: readonly Candidate[]
  readonly hasTags: boolean
  readonly #providers = new Map<string, Provider[]>()
  readonly #sorted = new Set<string>()
  readonly #needs = new Map<number, Needs>()
  readonly #conditions = new Map<number, Needs>()
  readonly #waiting = new Map<string, Candidate[]>()
  readonly #offers: (readonly Offered[])[] = []

  constructor(repositories: readonly Repository[], installed: readonly PackageRecord[] = []) {
    this.candidates = gather(repositories, installed)
    this.hasTags = repositories.some(({ tag }) => tag !== undefined)
    for (const candidate of this.candidates) this.#enter(candidate)
  }

  /** In an order that doesn't depend on the order inside an index: by package name, then repository. */
  providers(name: string): readonly Provider[] {
    const list = this.#providers.get(name) ?? []
    if (list.length > 1 && !this.#sorted.has(name)) {
      list.sort((a, b) => byBytes(a.candidate.record.name, b.candidate.record.name) || a.candidate.rank - b.candidate.rank)
      this.#sorted.add(name)
    }
    return list
  }

  /** What a package is known as: its own name first, then what it provides. */
  offers(candidate: Candidate): readonly Offered[] {
    return this.#offers[candidate.id] ?? []
  }

  /** Does any package have `install_if`. */
  get hasConditions(): boolean {
    return this.#waiting.size > 0
  }

  needs(candidate: Candidate): Needs {
    return remember(this.#needs, candidate.id, () => parseAll(candidate.record.depends))
  }

  conditions(candidate: Candidate): Needs {
    return remember(this.#conditions, candidate.id, () => parseAll(candidate.record.installIf))
  }

  /** Packages whose `install_if` speaks of the name. */
  waitingFor(name: string): readonly Candidate[] {
    return this.#waiting.get(name) ?? []
  }

  #enter(candidate: Candidate): void {
    const { name: own, version: ownVersion, provides } = candidate.record
    const offered = [{ name: own, version: ownVersion }]
    for (const text of provides) {
      const provide = parseProvide(text)
      if (provide !== undefined) offered.push(provide)
    }
    this.#offers.push(offered)
    for (const { name, version } of offered) push(this.#providers, name, { candidate, version })
    if (candidate.record.installIf.length === 0) return
    for (const { name } of this.conditions(candidate).dependencies) push(this.#waiting, name, candidate)
  }
}

/** `curl-8.5.0-r1` */
export function titleOf(candidate: Candidate): string {
  return `${candidate.record.name}-${candidate.record.version}`
}

function gather(repositories: readonly Repository[], installed: readonly PackageRecord[]): readonly Candidate[] {
  const present = new Map(installed.map((record) => [identity(record), record]))
  const list: Candidate[] = []
  for (const [rank, repository] of repositories.entries()) {
    for (const record of repository.packages) {
      list.push({ id: list.length, record, repository, rank, installed: present.has(identity(record)) })
    }
  }
  const found = new Set(list.map(({ record }) => identity(record)))
  for (const record of present.values()) {
    if (!found.has(identity(record))) list.push({ id: list.length, record, repository: undefined, rank: repositories.length, installed: true })
  }
  return list
}

/** Two packages with one name and version are one only when their bytes are; where a checksum is missing, the name decides. */
function identity(record: PackageRecord): string {
  return `${record.name} ${record.version} ${record.checksum ?? ''}`
}

function parseAll(texts: readonly string[]): Needs {
  const dependencies: Dependency[] = []
  const malformed: string[] = []
  for (const text of texts) {
    const dependency = parseDependency(text)
    if (dependency === undefined || dependency.tag !== undefined) malformed.push(text)
    else dependencies.push(dependency)
  }
  return { dependencies, malformed }
}

function remember<K, V>(memo: Map<K, V>, key: K, make: () => V): V {
  const known = memo.get(key)
  if (known !== undefined) return known
  const value = make()
  memo.set(key, value)
  return value
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
