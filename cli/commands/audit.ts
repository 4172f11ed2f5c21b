import { type NodeId, nodeId } from '../../base/ids.ts'
import type { Output } from '../../cache/cache.ts'
import type { BuildReport } from '../../engine/report.ts'
import type { ClosureFinding } from '../../outputs/audit/closure.ts'
import type { ImageResult } from '../../recipes/kinds/image.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import { recipeNode } from '../../recipes/plan/catalogue.ts'
import type { HardeningException, PlannedRecipe } from '../../recipes/plan/planned.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import { type Arguments, has } from '../arguments.ts'
import { auditImage } from '../audit/image-audit.ts'
import { auditPackage, type PackageAudit } from '../audit/package-audit.ts'
import { exitCodes } from '../exit.ts'
import { complain } from '../output.ts'
import { auditLines } from '../render/audit-lines.ts'
import { machineFor, openSession, type Session, targetsOf } from '../session.ts'
import type { Machine } from '../wire.ts'
import { buildTargets } from './build.ts'

/** What an audit found. */
export interface Audit {
  readonly packages: readonly PackageAudit[]
  readonly images: readonly { readonly name: string; readonly findings: readonly ClosureFinding[] }[]
}

/** `nacre audit`: hardening of every ELF file of packages, and of the packages of images; and whether images are closed. */
export async function auditCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const targets = targetsOf(session.value, from)
  if (targets.kind === 'complaints') return complain(targets.diagnostics, from)
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const audited = targets.value.filter(({ kind, name }) => kind === 'image' || (kind === 'package' && session.value.plan.catalogue.get(name)?.recipe.bootstrap === false))
  const roots = audited.flatMap(({ kind, name }) => (kind === 'image' ? [rootOf(name)] : []))
  const { report, code } = await buildTargets({ session: session.value, machine: made, from, what: 'build', quiet: true, also: roots }, audited)
  if (report.outcome !== 'done') return code
  const audit = await auditTargets({ session: session.value, machine: made, report }, audited)
  for (const { recipe, exception } of staleExceptions(session.value, audit)) {
    process.stderr.write(`nacre: ${recipe.path}: no file of ${recipe.origin} needs its exception for ${exception.checks.join(', ')} of ${exception.paths.join(', ')} any more\n`)
  }
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ packages: audit.packages.map(({ used: _, ...rest }) => rest), images: audit.images })}\n`)
  else process.stdout.write(auditLines(audit).map((line) => `${line}\n`).join(''))
  return isClean(audit) ? exitCodes.done : exitCodes.failed
}

interface Setting {
  readonly session: Session
  readonly machine: Machine
  readonly report: BuildReport
}

async function auditTargets(setting: Setting, targets: readonly Target[]): Promise<Audit> {
  const { cas } = setting.machine.store
  const names = new Set<string>()
  const images: Audit['images'][number][] = []
  for (const { kind, name } of targets) {
    if (kind === 'package') for (const one of packagesOf(setting.session, name)) names.add(one)
    if (kind !== 'image') continue
    const { facts, root } = { ...setting.report.outputs.get(nodeId(`image:${name}/layout`)), ...setting.report.outputs.get(rootOf(name)) }
    if (facts === undefined || root === undefined) throw new TypeError(`image ${name} was not built`)
    for (const one of (await readJson<ImageResult>(cas, facts)).packages) names.add(one.name)
    images.push({ name, findings: await auditImage(cas, root.digest) })
  }
  const packages: PackageAudit[] = []
  for (const name of [...names].sort()) {
    const recipe = setting.session.plan.catalogue.get(name)?.recipe
    const tree = recipe === undefined ? undefined : treeOf(setting.report, recipe, name)
    if (recipe !== undefined && tree !== undefined) packages.push(await auditPackage(cas, { name, tree: tree.digest, exceptions: recipe.hardening }))
  }
  return { packages, images }
}

function rootOf(image: string): NodeId {
  return nodeId(`image:${image}/root`)
}

/** A recipe's name stands for all of its packages, a subpackage's for itself. */
function packagesOf({ plan }: Session, name: string): readonly string[] {
  const recipe = plan.catalogue.get(name)?.recipe
  return recipe?.origin === name ? recipe.packages.map((pkg) => pkg.name) : [name]
}

function treeOf(report: BuildReport, recipe: PlannedRecipe, name: string): Output | undefined {
  const state = report.nodes.get(recipeNode(recipe, `pack/${name}`))
  return state?.kind === 'done' ? state.outputs['tree'] : undefined
}

/** Exceptions that excuse nothing, of recipes of which every package was looked at. */
function staleExceptions({ plan }: Session, { packages }: Audit): readonly { readonly recipe: PlannedRecipe; readonly exception: HardeningException }[] {
  const looked = new Set(packages.map(({ name }) => name))
  const used = new Set(packages.flatMap((one) => [...one.used]))
  return plan.catalogue.recipes.flatMap((recipe) =>
    recipe.packages.every(({ name }) => looked.has(name)) ? recipe.hardening.filter((exception) => !used.has(exception)).map((exception) => ({ recipe, exception })) : [],
  )
}

function isClean({ packages, images }: Audit): boolean {
  return images.every(({ findings }) => findings.length === 0) && packages.every(({ findings, malformed }) => malformed.length === 0 && findings.every(({ reason }) => reason !== undefined))
}
