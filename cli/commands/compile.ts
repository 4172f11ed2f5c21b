import { resolve } from 'node:path'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { compiledJson, type CompileOptions, compileRecipe } from '../../recipes/language/compile.ts'
import { loadSource } from '../../recipes/language/load.ts'
import { openPipelines, type PipelineFolder } from '../../recipes/language/pipelines.ts'
import { parsePackage } from '../../recipes/language/recipe.ts'
import { loadConfig } from '../../recipes/workspace/workspace.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { type Arguments, flag, flags } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { findWorkspace, machineArch } from '../machine/places.ts'
import { complain } from '../output.ts'

/** `nacre compile`: the recipe with everything put in, as `melange compile` prints it. */
export function compileCommand(from: Arguments): number {
  const compiled = compileWords(from)
  if (compiled.kind === 'complaints') return complain(compiled.diagnostics, from)
  process.stdout.write(`${compiled.value}\n`)
  return exitCodes.done
}

function compileWords(from: Arguments): Checked<string> {
  const [path, ...more] = from.words
  if (path === undefined || more.length > 0) return complaints([{ code: 'cli/usage', severity: 'error', message: 'nacre compile takes one recipe', hint: 'nacre compile FILE --arch x86_64' }])
  const options = optionsOf(from, resolve(path, '..'))
  const source = loadSource(path)
  const parsed = source.kind === 'ok' ? parsePackage(source.value) : source
  const wrong = [options, parsed].flatMap((each) => (each.kind === 'complaints' ? each.diagnostics : []))
  if (options.kind === 'complaints' || parsed.kind === 'complaints') return complaints(wrong)
  const compiled = compileRecipe(parsed.value, options.value)
  return compiled.kind === 'ok' ? ok(compiledJson(compiled.value, { indent: 2 })) : compiled
}

/** Recipes of a workspace find its pipelines also when they are compiled alone. */
function optionsOf(from: Arguments, near: string): Checked<CompileOptions> {
  const diagnostics: Diagnostic[] = []
  const taken = <T>(checked: Checked<T>): readonly T[] => {
    if (checked.kind === 'ok') return [checked.value]
    diagnostics.push(...checked.diagnostics)
    return []
  }
  const environmentFiles = flags(from, 'env-file').flatMap((path): readonly SourceFile[] => taken(loadSource(path)))
  const vars = flag(from, 'vars-file')
  const varsFile = vars === undefined ? [] : taken(loadSource(vars))
  const timeout = flag(from, 'timeout')
  const milliseconds = timeout === undefined ? undefined : durationOf(timeout)
  if (timeout !== undefined && milliseconds === undefined) diagnostics.push({ code: 'cli/bad-value', severity: 'error', message: `--timeout takes a duration such as 45s or 1h30m, not "${timeout}"` })
  const library = openPipelines([...flags(from, 'pipeline-dir').map((path) => ({ path: resolve(path), shown: path.replace(/\/+$/, '') })), ...taken(workspacePipelines(from, near)).flat()])
  const commit = flag(from, 'git-commit')
  if (diagnostics.length > 0) return complaints(diagnostics)
  return ok({
    arch: flag(from, 'arch') ?? machineArch(),
    library,
    buildOptions: flags(from, 'build-option'),
    environmentFiles,
    resources: Object.fromEntries((['cpu', 'cpumodel', 'memory', 'disk'] as const).flatMap((name) => (flag(from, name) === undefined ? [] : [[name, flag(from, name)]]))),
    ...(varsFile[0] === undefined ? {} : { varsFile: varsFile[0] }),
    ...(milliseconds === undefined ? {} : { timeout: milliseconds }),
    ...(commit === undefined ? {} : { commit }),
  })
}

function workspacePipelines(from: Arguments, near: string): Checked<readonly PipelineFolder[]> {
  const given = flag(from, 'workspace')
  const folder = findWorkspace(given ?? near)
  if (folder === undefined) return ok([])
  const config = loadConfig(folder, new LeafRecorder(0))
  return config.kind === 'ok' ? ok(config.value.pipelines.map((path) => ({ path: resolve(folder, path), shown: path }))) : config
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Go's form of a duration, in milliseconds. */
function durationOf(text: string): number | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) return undefined
  return [...text.matchAll(/([0-9.]+)(ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0)
}
