import type { PipelineLibrary } from '../pipelines.ts'

/** The page of the built-in pipelines: each with its inputs. */
export function pipelinePage(library: PipelineLibrary): string {
  const sections = library.names().flatMap((name) => {
    const step = library.find(name)?.step
    return step === undefined ? [] : ['', ...section(name, step)]
  })
  return [
    '# Built-in pipelines',
    '',
    'A step names one of these with `uses` and gives its inputs with `with`. A file of the same name in one of the workspace\'s `pipelines` folders wins.',
    'None of them brings packages along: the recipe\'s environment must have a shell and the tools that the step calls.',
    ...sections,
    '',
  ].join('\n')
}

function section(name: string, step: NonNullable<ReturnType<PipelineLibrary['find']>>['step']): readonly string[] {
  const inputs = Object.entries(step.inputs)
  const scope = step.scope === 'output' ? ' Only moves files, so it is an action of its own.' : ''
  const rows = inputs.map(([key, input]) => `| \`${key}\`${input.required ? ' (required)' : ''} | ${shown(input.default)} | ${input.description.trim().replaceAll('|', '\\|')} |`)
  return [`## ${name}`, '', `${step.name}.${scope}`, ...(rows.length > 0 ? ['', '| input | default | meaning |', '| --- | --- | --- |', ...rows] : [])]
}

function shown(text: string): string {
  return text === '' ? '' : `\`${text.trim().replaceAll('\n', ' ')}\``
}
