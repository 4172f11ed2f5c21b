import { hash } from 'node:crypto'
import type { AbsPath } from '../../base/ids.ts'
import { loadSource } from './load.ts'
import type { MapNode } from './node.ts'
import { parseRecipes } from './recipe.ts'
import { zeroOf } from './schema/decode.ts'
import { type Task, taskRecipe } from './schema/task.ts'
import { origin } from './schema/type.ts'

/** A file of tasks, and what it held when they were read. */
export interface TaskFile {
  readonly path: AbsPath
  /** As messages show it. */
  readonly shown: string
  /** sha256 of its text in hex. */
  readonly hash: string
  readonly places: TaskPlaces
}

/** The tasks of a file as JSON: fields that are zero are left out, and so are their places. */
export function packTasks(tasks: Iterable<Task>): string {
  return JSON.stringify([...tasks].map(packed))
}

/**
 * Tasks that know their places without keeping them: a million syntax trees take 6 GB. Whoever asks for a place, which is for a complaint,
 * has the file read once more. When it is another by then, there is no place.
 */
export function keptTasks(text: string, file: TaskFile): readonly Task[] {
  const tasks: readonly Packed[] = JSON.parse(text)
  return tasks.map((task, index) => new KeptTask(task, file, index))
}

/** Holds the places of the file that was asked for last: complaints come file by file. */
export class TaskPlaces {
  #file: TaskFile | undefined
  #nodes: readonly (MapNode | undefined)[] = []

  of(file: TaskFile, index: number): MapNode | undefined {
    if (this.#file !== file) {
      this.#nodes = placesIn(file)
      this.#file = file
    }
    return this.#nodes[index]
  }
}

function placesIn({ path, shown, hash: expected }: TaskFile): readonly (MapNode | undefined)[] {
  const source = loadSource(path, shown)
  if (source.kind === 'complaints' || hash('sha256', source.value.text) !== expected) return []
  const recipes = parseRecipes(source.value)
  return recipes.kind === 'ok' ? recipes.value.flatMap((one) => (one.kind === 'task' ? [one.task[origin]] : [])) : []
}

type Packed = Partial<Omit<Task, typeof origin>> & Pick<Task, 'name' | 'run'>

function packed(task: Task): Packed {
  const { cpu, memory } = task.resources
  return {
    name: task.name,
    run: task.run,
    ...some('inputs', task.inputs),
    ...some('needs', task.needs),
    ...some('tools', task.tools),
    ...some('outputs', task.outputs),
    ...some('packages', task.packages),
    ...(Object.keys(task.environment).length > 0 ? { environment: task.environment } : {}),
    ...(task.timeout === 0 ? {} : { timeout: task.timeout }),
    ...(cpu === '' && memory === '' ? {} : { resources: { cpu, memory } }),
  }
}

function some<K extends string>(field: K, texts: readonly string[]): { readonly [P in K]?: readonly string[] } {
  return texts.length > 0 ? ({ [field]: texts } as { readonly [P in K]?: readonly string[] }) : {}
}

const zero = zeroOf(taskRecipe).task

class KeptTask implements Task {
  readonly name: string
  readonly inputs: readonly string[]
  readonly needs: readonly string[]
  readonly tools: readonly string[]
  readonly run: string
  readonly outputs: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly packages: readonly string[]
  readonly timeout: number
  readonly resources: Task['resources']
  readonly #file: TaskFile
  readonly #index: number

  constructor(task: Packed, file: TaskFile, index: number) {
    this.name = task.name
    this.inputs = task.inputs ?? zero.inputs
    this.needs = task.needs ?? zero.needs
    this.tools = task.tools ?? zero.tools
    this.run = task.run
    this.outputs = task.outputs ?? zero.outputs
    this.environment = task.environment ?? zero.environment
    this.packages = task.packages ?? zero.packages
    this.timeout = task.timeout ?? zero.timeout
    this.resources = task.resources ?? zero.resources
    this.#file = file
    this.#index = index
  }

  get [origin](): MapNode | undefined {
    return this.#file.places.of(this.#file, this.#index)
  }
}
