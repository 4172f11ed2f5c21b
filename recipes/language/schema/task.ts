// The table of tasks, the general node of the graph. Source: the design, section 6.
import { duration, record, text, textMap, texts, type Of } from './type.ts'

const resources = record('task resources', {
  cpu: { type: text(), doc: 'Processor cores that the task keeps busy; 1 when it is left out.', example: '2' },
  memory: { type: text(), doc: 'Memory that the task needs, as `2Gi`.' },
})

const task = record('task', {
  name: { type: text({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9+_./-]*$' }), doc: 'Name of the target (`task:NAME`).', required: true },
  inputs: { type: texts, doc: 'Files that the task reads, as globs from the folder of the workspace; `!` before a glob leaves out.', example: '[web/src/**/*.ts, web/package.json]' },
  needs: { type: texts, doc: 'Tasks or packages whose outputs appear at the same paths.', example: '[protocol]' },
  tools: { type: texts, doc: 'Host programs that the task may run, in the key by digest.', example: '[node]' },
  run: { type: text(), doc: 'Script for /bin/sh, which stops at the first failing command.', required: true },
  outputs: { type: texts, doc: 'Files that the task makes, as globs; each must match something.', example: '[web/dist/**]' },
  environment: { type: textMap, doc: 'Environment variables; nothing else comes from outside.', example: '{NODE_ENV: production}' },
  packages: { type: texts, doc: 'Packages to run the task on in the sandbox, instead of on host tools.', example: '[nodejs]' },
  timeout: { type: duration, doc: 'Longest time that the task may take.', example: '10m' },
  resources: { type: resources, doc: 'What the task needs.' },
})
export type Task = Of<typeof task>

export const taskRecipe = record('task recipe', {
  task: { type: task, doc: 'A step of the build that is neither a package nor an image.', required: true },
})
export type TaskRecipe = Of<typeof taskRecipe>

