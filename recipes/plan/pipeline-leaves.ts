import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { errno } from '../../base/result.ts'
import { type LeafRecorder, statLeaf } from '../../engine/leaves.ts'
import type { PipelineLibrary } from '../language/pipelines.ts'

/** A compiled recipe depends on the pipelines that it uses, and on none being where one was looked for before them. */
export function recordPipelines(library: PipelineLibrary, leaves: LeafRecorder): void {
  for (const path of library.consulted()) {
    const stat = statLeaf('file', path)
    try {
      leaves.file(path, stat, hash('sha256', readFileSync(path)))
    } catch (error) {
      if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') throw error
      leaves.absent(path)
    }
  }
}
