import { hash } from 'node:crypto'
import { resolve } from 'node:path'
import { absPath, type AbsPath } from '../../base/ids.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, Fault, ok } from '../../base/result.ts'
import { LeafRecorder, statLeaf } from '../../engine/leaves.ts'
import { loadSource } from '../language/load.ts'
import { keptTasks, TaskPlaces } from '../language/kept-task.ts'
import type { PipelineLibrary } from '../language/pipelines.ts'
import type { Task } from '../language/schema/task.ts'
import type { Workspace as WorkspaceFile } from '../language/schema/workspace.ts'
import { readLeaf, recipeGlobs, recipePaths } from '../workspace/workspace.ts'
import type { CataloguedRecipe, RecipeHead } from './catalogue.ts'
import { type FilePlan, planFile } from './file-plan.ts'
import { canRemember, decodeBody, encodeBody, encodeHead, lastingStat, type PlanMemory, type RememberedFile, type RememberedListing, sameListing, statText } from './plan-memory.ts'
import { withFolder } from './plan-package.ts'
import type { PlannedImage } from './planned-image.ts'
import type { PlannedRecipe } from './planned.ts'

export interface ReaderOptions {
  readonly folder: AbsPath
  readonly arch: string
  readonly library: PipelineLibrary
  readonly leaves: LeafRecorder
}

/** What all files of a workspace come to. */
export interface PlannedFiles {
  readonly recipes: readonly CataloguedRecipe[]
  readonly images: readonly PlannedImage[]
  readonly tasks: readonly Task[]
}

/** A file that was looked at: what is to be remembered of it, and its plan where it was made anew. */
interface Seen {
  readonly file: RememberedFile
  readonly path: AbsPath
  /** Of tasks there are the bytes alone: a million of them take 150 MB in either form. */
  readonly fresh?: { readonly plan: FilePlan | undefined; readonly bytes: Uint8Array }
}

/** Reads the recipes of a workspace, of which some may be remembered. */
export class FileReader {
  readonly #options: ReaderOptions
  readonly #memory: PlanMemory | undefined
  readonly #places = new TaskPlaces()
  readonly #states = new Map<string, boolean>()
  readonly #seen: Seen[] = []
  #listing: RememberedListing = { globs: [], leaves: [], taken: 0 }
  #news = false

  constructor(options: ReaderOptions, memory: PlanMemory | undefined) {
    this.#options = options
    this.#memory = memory
  }

  /** Whether anything was found that the memory doesn't say. */
  get news(): boolean {
    return this.#news
  }

  read(config: WorkspaceFile): Checked<PlannedFiles> {
    const diagnostics: Diagnostic[] = []
    for (const path of this.#paths(config)) {
      const seen = this.#look(path)
      if (seen.kind === 'ok') this.#seen.push(seen.value)
      else diagnostics.push(...seen.diagnostics)
    }
    diagnostics.push(...twice(this.#seen))
    return diagnostics.length > 0 ? complaints(diagnostics) : ok(this.#planned())
  }

  /** What to remember the next time. Precondition: everything was read without a complaint. */
  memory(): readonly [head: Uint8Array, bodies: readonly Uint8Array[]] {
    const kept = this.#seen.flatMap((seen) => {
      const bytes = seen.fresh?.bytes ?? this.#memory?.bytesOf(seen.file)
      return bytes === undefined || !canRemember(seen.file) ? [] : [{ file: seen.file, bytes }]
    })
    const asked = new Set(kept.flatMap(({ file }) => file.pipelines))
    const states = new Map([...asked].map((name) => [name, this.#options.library.state(name)]))
    // A list with a gap is no answer to what the globs find.
    const listing = kept.length === this.#seen.length ? this.#listing : { globs: [], leaves: [], taken: 0 }
    return [encodeHead(listing, states, kept.map(({ file }) => file)), kept.map(({ bytes }) => bytes)]
  }

  #paths(config: WorkspaceFile): readonly string[] {
    const { folder, leaves } = this.#options
    const globs = recipeGlobs(config)
    const known = this.#memory?.known
    let own = new LeafRecorder(leaves.since)
    let paths = known !== undefined && known.globs.join('\0') === globs.join('\0') && sameListing(known, own) ? known.paths : undefined
    if (paths === undefined) {
      this.#news = true
      own = new LeafRecorder(leaves.since)
      paths = recipePaths(folder, config, own)
    }
    this.#listing = { globs, leaves: own.leaves(), taken: leaves.since }
    for (const leaf of this.#listing.leaves) leaves.add(leaf)
    return paths
  }

  #look(path: string): Checked<Seen> {
    const { folder, leaves } = this.#options
    const file = absPath(resolve(folder, path))
    const stat = statLeaf('file', file)
    const known = this.#memory?.files.get(path)
    if (known !== undefined && known.stat !== '' && known.stat === statText(stat) && this.#samePipelines(known)) {
      leaves.file(file, stat, known.hash)
      return ok({ file: known, path: file })
    }
    const source = readLeaf(file, path, leaves, stat)
    if (source.kind === 'complaints') return source
    const content = hash('sha256', source.value.text)
    const lasting = lastingStat(stat, leaves.since)
    if (known?.hash === content && this.#samePipelines(known)) {
      // Read for nothing, unless it can be believed the next time.
      if (lasting !== '') this.#news = true
      return ok({ file: { ...known, stat: lasting }, path: file })
    }
    const plan = planFile(source.value, this.#options)
    if (plan.kind === 'complaints') return plan
    this.#news = true
    const bytes = encodeBody(plan.value)
    return ok({ file: rowOf(plan.value, bytes, { path, stat: lasting, hash: content }), path: file, fresh: { plan: plan.value.tasks === '' ? plan.value : undefined, bytes } })
  }

  #samePipelines({ pipelines }: RememberedFile): boolean {
    return pipelines.every((name) => this.#isSame(name))
  }

  #isSame(pipeline: string): boolean {
    const known = this.#states.get(pipeline) ?? this.#options.library.state(pipeline) === this.#memory?.pipelines.get(pipeline)
    this.#states.set(pipeline, known)
    return known
  }

  #planned(): PlannedFiles {
    const recipes: CataloguedRecipe[] = []
    const images: PlannedImage[] = []
    const tasks: Task[] = []
    for (const seen of this.#seen) {
      const { file, path } = seen
      file.heads.forEach((head, index) => recipes.push(new HeldRecipe(head, path, () => this.#package(seen, index))))
      if (!file.more) continue
      const body = this.#body(seen)
      images.push(...body.images)
      for (const task of body.tasks === '' ? [] : keptTasks(body.tasks, { path, shown: file.path, hash: file.hash, places: this.#places })) tasks.push(task)
    }
    return { recipes, images, tasks }
  }

  #package(seen: Seen, index: number): PlannedRecipe {
    const recipe = this.#body(seen).packages[index]
    if (recipe === undefined) throw new Fault('internal', `"${seen.file.path}" has fewer packages than its head says`)
    return withFolder(recipe, seen.path, this.#options.leaves)
  }

  /** What is remembered; when that is lost, as when another process has written the memory anew, the file is read again. */
  #body({ file, path, fresh }: Seen): Pick<FilePlan, 'packages' | 'images' | 'tasks'> {
    if (fresh !== undefined) return fresh.plan ?? decodeBody(fresh.bytes)
    const known = this.#memory?.bodyOf(file)
    if (known !== undefined) return known
    const source = loadSource(path, file.path)
    const plan = source.kind === 'ok' && hash('sha256', source.value.text) === file.hash ? planFile(source.value, this.#options) : undefined
    if (plan?.kind === 'ok') return plan.value
    throw new Fault('machine', `"${path}" was changed while it was read`, { hint: 'Run the command again' })
  }
}

class HeldRecipe implements CataloguedRecipe {
  readonly head: RecipeHead
  readonly file: AbsPath
  readonly #make: () => PlannedRecipe
  #made: PlannedRecipe | undefined

  constructor(head: RecipeHead, file: AbsPath, make: () => PlannedRecipe) {
    this.head = head
    this.file = file
    this.#make = make
  }

  whole(): PlannedRecipe {
    return (this.#made ??= this.#make())
  }
}

function rowOf(plan: FilePlan, bytes: Uint8Array, read: { readonly path: string; readonly stat: string; readonly hash: string }): RememberedFile {
  return {
    ...read,
    targets: plan.targets,
    heads: plan.packages.map(({ origin, bootstrap, packages }) => ({ origin, bootstrap, packages: packages.map(({ name, provides }) => ({ name, provides })) })),
    more: plan.images.length > 0 || plan.tasks !== '',
    pipelines: plan.pipelines,
    body: { start: 0, length: bytes.byteLength, hash: hash('sha256', bytes) },
  }
}

/** Two recipes of one name would make one target of two things. */
function twice(files: readonly Seen[]): readonly Diagnostic[] {
  const seen = new Map<string, string>()
  return files.flatMap(({ file }) =>
    file.targets.flatMap((target): readonly Diagnostic[] => {
      const first = seen.get(target)
      seen.set(target, first ?? file.path)
      if (first === undefined) return []
      return [{ code: 'plan/same-name', severity: 'error', message: `Two recipes make ${target}`, facts: [['first', first], ['second', file.path]], hint: 'rename one of them' }]
    }),
  )
}
