import type { Digest } from '../base/ids.ts'
import type { Cas, Output } from '../cache/cache.ts'
import { MissingBlob } from '../cache/missing-blob.ts'
import { readDirectory } from '../cache/tree-walk.ts'

type Outputs = Readonly<Record<string, Output>>

/** Whether content that was promised is in the store. Folders that were found whole are remembered for one build, unless somebody doubts. */
export class Presence {
  readonly #cas: Cas
  readonly #whole = new Set<Digest>()

  constructor(cas: Cas) {
    this.#cas = cas
  }

  /** Names of the outputs that are not there, as far as blobs and the roots of trees tell. */
  roots(outputs: Outputs): string[] {
    const missing = new Set<string>(this.#cas.missing(Object.values(outputs).map(({ digest }) => digest)))
    return Object.entries(outputs).flatMap(([name, { digest }]) => (missing.has(digest) ? [name] : []))
  }

  /** Names of the outputs that are not there, or not whole: every file of every tree is looked for. */
  async whole(outputs: Outputs): Promise<string[]> {
    const lost = this.roots(outputs)
    for (const [name, output] of Object.entries(outputs)) {
      if (output.kind === 'tree' && !lost.includes(name) && !(await this.#wholeTree(output.digest))) lost.push(name)
    }
    return lost
  }

  /** Something was missing after all: whatever was found whole is looked at again. */
  doubt(): void {
    this.#whole.clear()
  }

  async #wholeTree(tree: Digest): Promise<boolean> {
    if (this.#whole.has(tree)) return true
    try {
      const files: Digest[] = []
      for (const node of (await readDirectory(this.#cas, tree)).entries.values()) {
        if (node.kind === 'file') files.push(node.digest)
        else if (node.kind === 'directory' && !(await this.#wholeTree(node.digest))) return false
      }
      if (this.#cas.missing(files).length > 0) return false
    } catch (error) {
      if (error instanceof MissingBlob) return false
      throw error
    }
    this.#whole.add(tree)
    return true
  }
}
