import { openPipelines } from '../pipelines.ts'
import { jsonSchema } from './json-schema.ts'
import { pipelinePage } from './pipeline-page.ts'
import { referencePage } from './reference.ts'
import { schemas } from './schemas.ts'

/** The files of docs/recipes that come from the tables, by name. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ...schemas.map((schema) => [`${schema.name}.md`, referencePage(schema)] as const),
    ...schemas.map((schema) => [`${schema.name}.schema.json`, `${JSON.stringify(jsonSchema(schema), undefined, 2)}\n`] as const),
    ['built-in-pipelines.md', pipelinePage(openPipelines([]))],
  ])
}
