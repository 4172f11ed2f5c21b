import { imageRecipe } from './image.ts'
import { packageRecipe } from './package.ts'
import { pipelineFile } from './step.ts'
import { taskRecipe } from './task.ts'
import type { RecordShape } from './type.ts'
import { workspace } from './workspace.ts'

export interface Schema {
  /** File name of its page and of its JSON Schema. */
  readonly name: 'package' | 'image' | 'task' | 'pipeline' | 'workspace'
  readonly title: string
  /** What such a file is, in one or two sentences. */
  readonly doc: string
  readonly table: RecordShape
}

/** Every kind of file that the language has. */
export const schemas: readonly Schema[] = [
  { name: 'package', title: 'Package recipes', doc: 'A package recipe says how packages are built from source. It is melange\'s schema, whole, with a few keys of nacre\'s own.', table: packageRecipe },
  { name: 'image', title: 'Image recipes', doc: 'An image recipe says what is in an OCI image. It is apko\'s schema, with a name of nacre\'s own.', table: imageRecipe },
  { name: 'task', title: 'Tasks', doc: 'A task is any other step of a build: a program that makes files from files.', table: taskRecipe },
  { name: 'pipeline', title: 'Pipeline files', doc: 'A pipeline file holds steps that recipes name with `uses`. Unknown keys are passed over, as in melange.', table: pipelineFile },
  { name: 'workspace', title: 'Workspaces', doc: 'A folder with a `nacre.yaml` is a workspace. Everything in that file has a default, and it may be empty.', table: workspace },
]
