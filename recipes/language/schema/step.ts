// The table of pipeline steps, and of the files that `uses` names. Source: melange pkg/config/config.go (v0.59), docs/PIPELINES.
import type { Shape, Fields, Of, RecordOf, RecordType } from './type.ts'
import { boolean, map, natural, record, text, textMap, texts } from './type.ts'

const input = record('input', {
  description: { type: text(), doc: 'What the input is for.' },
  default: { type: text(), doc: 'Value when the step gives none or an empty one; may use variables and other inputs.' },
  required: { type: boolean, doc: 'A step must give a value.' },
})
export type Input = Of<typeof input>

const needs = record('needs', {
  packages: { type: texts, doc: 'Packages to add to the environment that the step runs in; inputs may be used.', variables: 'exact', json: 'Packages' },
})

const assertions = record('assertions', {
  'required-steps': { type: natural, doc: 'How many child steps must run: exactly this many.' },
})

const stepOwn = {
  name: { type: text(), doc: 'What the log calls the step.', variables: 'exact' },
  label: { type: text(), doc: 'A name for tools; nothing depends on it.' },
  if: { type: text(), doc: 'Condition under which the step and the steps below it run.', variables: 'exact', example: "${{build.arch}} == 'x86_64'" },
  scope: { type: text({ choices: ['output'] }), doc: '`output`: the steps only move files from the main package\'s folder into a subpackage\'s, so they run as an action of their own.', nacre: true },
  inputs: { type: map(input), doc: 'Inputs that the pipeline takes, by name.' },
  needs: { type: needs, doc: 'What the step needs beside the recipe\'s environment.' },
  uses: { type: text(), doc: 'Pipeline to run, looked for in the workspace\'s `pipelines` folders and then among the built-in ones.', example: 'autoconf/configure' },
  with: { type: textMap, doc: 'Inputs of that pipeline.', variables: 'exact' },
  'working-directory': { type: text(), doc: 'Directory to run in, relative to the workspace and made if missing; steps below inherit it.', variables: 'exact' },
  environment: { type: textMap, doc: 'Environment variables of the step and of the steps below it.', variables: 'exact' },
  runs: { type: text(), doc: 'Script for /bin/sh, which stops at the first failing command.', variables: 'exact' },
  assertions: { type: assertions, doc: 'What must hold after the steps below have run.' },
} as const satisfies Fields

export interface Step extends RecordOf<typeof stepOwn> {
  /** The steps below this one. */
  readonly pipeline: readonly Step[]
}

const steps: Shape = { kind: 'list', item: { kind: 'record', name: 'step', fields: () => stepFields } }
const stepFields: Fields = { ...stepOwn, pipeline: { type: steps, doc: 'Steps below this one, run in order after its own script.' } }

export const step: RecordType<Step> = { kind: 'record', name: 'step', fields: () => stepFields }

/** A pipeline file is a step that other steps use: its keys win over those of the step, but for `name` and `with`. */
export const pipelineFile: RecordType<Step> = { kind: 'record', name: 'pipeline file', fields: () => stepFields }

