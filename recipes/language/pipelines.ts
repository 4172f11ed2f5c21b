import { hash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { byBytes } from '../../base/bytes.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import type { Checked } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { loadSource } from './load.ts'
import { isNull } from './node.ts'
import { decode, zeroOf } from './schema/decode.ts'
import { pipelineFile, type Step } from './schema/step.ts'
import { readYaml } from './yaml.ts'

export interface Pipeline {
  readonly name: string
  /** Absolute, for the receipt; messages show another. */
  readonly path: string
  readonly step: Step
  readonly diagnostics: readonly Diagnostic[]
}

/** Where `uses` finds its pipelines. Each file is read once; later calls give the same object. */
export interface PipelineLibrary {
  find(name: string): Pipeline | undefined
  /** Which file a name leads to and what is in it, without reading it as a pipeline: what was compiled with it is good while this is the same. */
  state(name: string): string
  /** All names, for suggestions. */
  names(): readonly string[]
  /** Absolute paths that were looked at, found or not, in byte order: what a compiled recipe depends on beside its own file. */
  consulted(): readonly string[]
}

/** The folder of the built-in pipelines. The one path fits from this file, from its compiled form and from dist/bundle. */
export const builtInPipelines = fileURLToPath(new URL('../../recipes/pipelines', import.meta.url))

export interface PipelineFolder {
  readonly path: string
  /** How messages call the folder. */
  readonly shown: string
}

/** Searches the folders in order and then the built-in pipelines. */
export function openPipelines(folders: readonly PipelineFolder[]): PipelineLibrary {
  return new Library([...folders, { path: builtInPipelines, shown: 'built-in' }])
}

interface PipelineFile {
  readonly path: string
  readonly source: Checked<SourceFile>
}

class Library implements PipelineLibrary {
  readonly #folders: readonly PipelineFolder[]
  readonly #known = new Map<string, Pipeline | undefined>()
  readonly #files = new Map<string, PipelineFile | undefined>()
  readonly #consulted = new Set<string>()

  constructor(folders: readonly PipelineFolder[]) {
    this.#folders = folders
  }

  find(name: string): Pipeline | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#load(name))
    return this.#known.get(name)
  }

  names(): readonly string[] {
    return [...new Set(this.#folders.flatMap((folder) => namesIn(folder.path, '')))].sort(byBytes)
  }

  consulted(): readonly string[] {
    return [...this.#consulted].sort(byBytes)
  }

  state(name: string): string {
    const file = this.#file(name)
    return file === undefined ? '' : `${file.path} ${file.source.kind === 'ok' ? hash('sha256', file.source.value.text) : ''}`
  }

  #load(name: string): Pipeline | undefined {
    const file = this.#file(name)
    return file === undefined ? undefined : read(name, file)
  }

  #file(name: string): PipelineFile | undefined {
    if (!this.#files.has(name)) this.#files.set(name, this.#open(name))
    return this.#files.get(name)
  }

  #open(name: string): PipelineFile | undefined {
    for (const folder of this.#folders) {
      const path = resolve(folder.path, `${name}.yaml`)
      this.#consulted.add(path)
      if (isFile(path)) return { path, source: loadSource(path, `${folder.shown}/${name}.yaml`) }
    }
    return undefined
  }
}

function read(name: string, { path, source }: PipelineFile): Pipeline {
  if (source.kind === 'complaints') return { name, path, step: zeroOf(pipelineFile), diagnostics: source.diagnostics }
  const document = readYaml(source.value)[0]
  const diagnostics = [...(document?.diagnostics ?? [])]
  const root = document?.root
  const step = root === undefined || isNull(root) ? zeroOf(pipelineFile) : decode(pipelineFile, root, { lenient: true, diagnostics })
  return { name, path, step, diagnostics }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function namesIn(folder: string, prefix: string): readonly string[] {
  if (!isFolder(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return namesIn(join(folder, entry.name), `${prefix}${entry.name}/`)
    return entry.name.endsWith('.yaml') ? [`${prefix}${entry.name.slice(0, -'.yaml'.length)}`] : []
  })
}
