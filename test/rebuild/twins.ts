import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Entry, type Files, type ModelTask, recipes } from './model.ts'
import type { Random } from '../seeded-random.ts'

/** Two workspaces that get the same edits, and what the model knows of them. */
export class Twins {
  readonly files = new Map<string, Entry>()
  readonly tasks: ModelTask[] = []
  readonly #random: Random
  readonly #workspaces: readonly string[]
  #next = 0

  constructor(random: Random, workspaces: readonly string[]) {
    this.#random = random
    this.#workspaces = workspaces
    const config = random.chance(50) ? 'recipes: [tasks.yaml]\n' : ''
    this.each((at) => writeFileSync(join(at, 'nacre.yaml'), config))
    for (const path of ['src/a', 'src/b', 'src/c', 'lib/x', 'lib/deep/y', 'data/m.txt', 'data/n.txt', 'data/o.bin']) this.put(path, this.#text())
    for (let i = 3 + random.below(6); i > 0; i--) this.tasks.push(this.#task())
    this.#writeTasks()
  }

  each(act: (workspace: string) => void): void {
    for (const workspace of this.#workspaces) act(workspace)
  }

  put(path: string, text: string, executable = false): void {
    this.files.set(path, { kind: 'file', text, executable })
    this.each((at) => {
      mkdirSync(dirname(join(at, path)), { recursive: true })
      rmSync(join(at, path), { force: true })
      writeFileSync(join(at, path), text, { mode: executable ? 0o755 : 0o644 })
    })
  }

  /** One edit of a source, a recipe, or of an output among `outputs`. Returns its name. */
  edit(outputs: Files): string {
    const edits = [...sourceEdits, ...recipeEdits, ...(outputs.size > 0 ? outputEdits : [])]
    // Sources are edited most.
    const name = this.#random.pick(this.#random.chance(55) ? sourceEdits : edits) ?? 'content'
    this[name](outputs)
    return name
  }

  /** Takes away what keeps builds from being done: bad content, missing inputs, strangers where outputs belong. */
  heal(): void {
    for (const [path, entry] of this.files) if (entry.kind === 'file' && entry.text.includes('bad')) this.put(path, 'good\n')
    for (const path of this.tasks.flatMap(({ inputs }) => inputs)) if (!path.includes('*') && !this.files.has(path)) this.put(path, 'back\n')
    for (const folder of ['out', 'gen']) this.each((at) => rmSync(join(at, folder), { recursive: true, force: true }))
  }

  content(): void {
    const [path, entry] = this.#file()
    this.put(path, this.#text(), entry.kind === 'file' && entry.executable)
  }

  /** In place, as `>` does it. */
  contentInPlace(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'link') return
    const text = this.#text()
    this.files.set(path, { ...entry, text })
    this.each((at) => writeFileSync(join(at, path), text))
  }

  sameContent(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'file') this.each((at) => writeFileSync(join(at, path), entry.text))
  }

  touch(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'file') this.each((at) => utimesSync(join(at, path), 1_000_000 + this.#next++, 1_000_000))
  }

  /** Other content of the same size, and the time of before put back. */
  sameStat(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'link') return
    const text = [...entry.text].reverse().join('')
    this.files.set(path, { ...entry, text })
    this.each((at) => {
      const { atime, mtime } = statSync(join(at, path))
      writeFileSync(join(at, path), text)
      utimesSync(join(at, path), atime, mtime)
    })
  }

  save(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'link') return
    const text = this.#text()
    this.files.set(path, { kind: 'file', text, executable: false })
    this.each((at) => {
      writeFileSync(join(at, `${path}~`), text, { mode: 0o644 })
      renameSync(join(at, `${path}~`), join(at, path))
    })
  }

  rename(): void {
    const [path, entry] = this.#file()
    const to = this.#newPath(dirname(path))
    this.files.delete(path)
    this.files.set(to, entry)
    this.each((at) => {
      mkdirSync(dirname(join(at, to)), { recursive: true })
      renameSync(join(at, path), join(at, to))
    })
  }

  create(): void {
    this.put(this.#newPath(this.#random.pick(['lib', 'lib/deep', 'data', `lib/n${this.#next}`]) ?? 'lib'), this.#text())
  }

  remove(): void {
    // Something stays to be edited.
    if (this.files.size < 5) return
    const [path] = this.#file()
    this.files.delete(path)
    this.each((at) => unlinkSync(join(at, path)))
  }

  mode(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'link') return
    this.files.set(path, { ...entry, executable: !entry.executable })
    this.each((at) => chmodSync(join(at, path), entry.executable ? 0o644 : 0o755))
  }

  /** A file becomes a link, a link leads elsewhere or becomes a file. */
  link(): void {
    const [path, entry] = this.#file()
    if (entry.kind === 'link' && this.#random.chance(50)) return this.put(path, this.#text())
    const target = `target${this.#random.below(3)}`
    this.files.set(path, { kind: 'link', target })
    this.each((at) => {
      unlinkSync(join(at, path))
      symlinkSync(target, join(at, path))
    })
  }

  emptyFolder(): void {
    this.each((at) => mkdirSync(join(at, `lib/empty${this.#next}`), { recursive: true }))
    this.#next++
  }

  recipe(): void {
    this.#change((task) => ({ ...task, salt: this.#random.below(4), how: this.#random.chance(50) ? 'few' : 'all' }))
  }

  globs(): void {
    this.#change((task) => ({ ...task, inputs: this.#inputs() }))
  }

  output(): void {
    this.#change((task) => ({ ...task, output: this.#output(task.name) }))
  }

  comment(): void {
    this.each((at) => writeFileSync(join(at, 'tasks.yaml'), `# ${this.#next}\n${recipes(this.tasks)}`))
    this.#next++
  }

  addTask(): void {
    if (this.tasks.length < 10) this.tasks.push(this.#task())
    this.#writeTasks()
  }

  removeTask(): void {
    const last = this.tasks.at(-1)
    // Others may need any but the last.
    if (last !== undefined && this.tasks.length > 2) this.tasks.pop()
    this.#writeTasks()
  }

  touchOutput(outputs: Files): void {
    this.#output1(outputs, (place) => isFile(place) && utimesSync(place, 5, 5))
  }

  alterOutput(outputs: Files): void {
    this.#output1(outputs, (place) => {
      unlinkSync(place)
      writeFileSync(place, 'altered')
    })
  }

  deleteOutput(outputs: Files): void {
    this.#output1(outputs, (place) => unlinkSync(place))
  }

  modeOutput(outputs: Files): void {
    this.#output1(outputs, (place, entry) => isFile(place) && entry.kind === 'file' && chmodSync(place, entry.executable ? 0o644 : 0o755))
  }

  linkOutput(outputs: Files): void {
    this.#output1(outputs, (place) => {
      unlinkSync(place)
      symlinkSync('elsewhere', place)
    })
  }

  #output1(outputs: Files, act: (place: string, entry: Entry) => unknown): void {
    const [path, entry] = this.#random.pick([...outputs]) ?? []
    // What was altered of a task that goes afterwards is the user's, and would be a source below lib.
    if (path === undefined || entry === undefined || path.startsWith('lib/')) return
    const stands = this.#workspaces.every((at) => lstatSync(join(at, path), { throwIfNoEntry: false }) !== undefined)
    if (stands) this.each((at) => act(join(at, path), entry))
  }

  #change(change: (task: ModelTask) => ModelTask): void {
    const i = this.#random.below(this.tasks.length)
    const task = this.tasks[i]
    if (task !== undefined) this.tasks[i] = change(task)
    this.#writeTasks()
  }

  #writeTasks(): void {
    this.each((at) => writeFileSync(join(at, 'tasks.yaml'), recipes(this.tasks)))
  }

  #task(): ModelTask {
    const name = `t${this.#next++}`
    const needs = this.tasks.filter(() => this.#random.chance(35)).map((task) => task.name)
    return { name, inputs: this.#inputs(), needs, how: this.#random.chance(40) ? 'few' : 'all', salt: this.#random.below(4), output: this.#output(name) }
  }

  #inputs(): string[] {
    const plain = [...this.files.keys()].filter((path) => path.startsWith('src/'))
    const some = [this.#random.pick(plain), ...['lib/**', 'data/*.txt', 'lib/deep/**', 'data/**'].filter(() => this.#random.chance(25))]
    return [...new Set(some.filter((glob) => glob !== undefined))]
  }

  #output(name: string): string {
    return this.#random.pick([`out/${name}.txt`, `out/deep/${name}.txt`, `gen/${name}/**`, `lib/${name}.made`]) ?? ''
  }

  /** Few texts, so that edits are often taken back. */
  #text(): string {
    return this.#random.chance(3) ? 'bad' : `text ${this.#random.below(5)}\n`
  }

  #newPath(folder: string): string {
    return join(folder, `n${this.#next++}${this.#random.chance(60) ? '.txt' : ''}`)
  }

  #file(): [string, Entry] {
    const all = [...this.files]
    return this.#random.pick(all) ?? ['src/a', { kind: 'file', text: readFileSync(join(this.#workspaces[0] ?? '', 'src/a'), 'utf8'), executable: false }]
  }
}

function isFile(place: string): boolean {
  return lstatSync(place).isFile()
}

const sourceEdits = ['content', 'content', 'content', 'contentInPlace', 'contentInPlace', 'sameContent', 'touch', 'sameStat', 'save', 'rename', 'create', 'remove', 'mode', 'link', 'emptyFolder'] as const
const recipeEdits = ['recipe', 'globs', 'output', 'comment', 'addTask', 'removeTask'] as const
const outputEdits = ['touchOutput', 'alterOutput', 'deleteOutput', 'modeOutput', 'linkOutput'] as const
