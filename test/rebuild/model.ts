import { createHash } from 'node:crypto'

/** What stands at a path. */
export type Entry = { readonly kind: 'file'; readonly text: string; readonly executable: boolean } | { readonly kind: 'link'; readonly target: string }
export type Files = ReadonlyMap<string, Entry>

/** A task of the test's small language: a pure function of what it sees. `few`: it comes to one of three values, so that cutting off happens. */
export interface ModelTask {
  readonly name: string
  readonly inputs: readonly string[]
  readonly needs: readonly string[]
  readonly how: 'all' | 'few'
  readonly salt: number
  /** A path, or `folder/**` for outputs whose names depend on the value. */
  readonly output: string
}

/** What the task's script is: everything that the function depends on beside its inputs. */
export function scriptOf({ how, salt, output }: ModelTask): string {
  return `${how} ${salt} ${output}`
}

/** The outputs of a script over what it sees; undefined when it fails, which it does on anything bad. */
export function evaluate(script: string, seen: Files): Files | undefined {
  const [how = '', salt = '', output = ''] = script.split(' ')
  if ([...seen.values()].some((entry) => entry.kind === 'file' && entry.text.includes('bad'))) return undefined
  const facts = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, entry]) => JSON.stringify([path, entry]))
  const hash = createHash('sha256').update([salt, ...facts].join('\n')).digest()
  const value = how === 'few' ? (hash[0] ?? 0) % 3 : hash.readUInt32BE(0)
  const file = (text: string): Entry => ({ kind: 'file', text, executable: value % 2 === 1 })
  if (!output.endsWith('/**')) return new Map([[output, file(`${value}\n`)]])
  const folder = output.slice(0, -3)
  const names = [`v${value % 3}`, ...(value % 2 === 0 ? ['deep/also'] : [])]
  return new Map([...names.map((name) => [`${folder}/${name}`, file(`${value} ${name}\n`)] as const), [`${folder}/link`, { kind: 'link', target: `v${value % 3}` }]])
}

/** Every task's outputs by plain recursion; a task without any failed, or needs one that did. */
export function evaluateAll(tasks: readonly ModelTask[], files: Files): ReadonlyMap<string, Files | undefined> {
  const made = new Map<string, Files | undefined>()
  const isOutput = (path: string): boolean => tasks.some(({ output }) => matches(output, path))
  for (const task of tasks) {
    const seen = new Map([...files].filter(([path]) => !isOutput(path) && task.inputs.some((glob) => matches(glob, path))))
    const needs = task.needs.map((need) => made.get(need))
    if (needs.includes(undefined)) {
      made.set(task.name, undefined)
      continue
    }
    for (const need of needs) for (const [path, entry] of need ?? []) seen.set(path, entry)
    made.set(task.name, evaluate(scriptOf(task), seen))
  }
  return made
}

/** The globs of this test: a path, `folder/**`, or `folder/*.ending`. */
export function matches(glob: string, path: string): boolean {
  if (glob.endsWith('/**')) return path.startsWith(glob.slice(0, -2))
  const star = glob.indexOf('*')
  if (star === -1) return path === glob
  return path.startsWith(glob.slice(0, star)) && path.endsWith(glob.slice(star + 1)) && !path.slice(star).includes('/')
}

/** Names of a task and of all that it needs. */
export function closure(tasks: readonly ModelTask[], names: readonly string[]): ReadonlySet<string> {
  const wanted = new Set(names)
  for (const task of [...tasks].reverse()) if (wanted.has(task.name)) for (const need of task.needs) wanted.add(need)
  return wanted
}

export function recipes(tasks: readonly ModelTask[]): string {
  return tasks
    .map((task) => `task:\n  name: ${task.name}\n  inputs: ${JSON.stringify(task.inputs)}\n  needs: ${JSON.stringify(task.needs)}\n  run: ${scriptOf(task)}\n  outputs: ["${task.output}"]\n`)
    .join('---\n')
}
