import { resolve } from 'node:path'
import { absPath, digestHash, nodeId, type NodeId } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { Output } from '../../cache/cache.ts'
import type { BuildReport } from '../../engine/report.ts'
import { readJson } from '../../recipes/kinds/json-blob.ts'
import type { ImageResult } from '../../recipes/kinds/image.ts'
import type { Target } from '../../recipes/workspace/workspace.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { exportDockerArchive } from '../export/docker-archive.ts'
import { exportLayout } from '../export/oci-layout.ts'
import { exportRepository } from '../export/repository.ts'
import { exportTree } from '../export/tree.ts'
import { nameOf } from '../foresight.ts'
import { findOrMakeKey } from '../machine/signing-key.ts'
import { complain } from '../output.ts'
import { machineFor, openSession, type Session, targetsOf } from '../session.ts'
import type { Machine } from '../wire.ts'
import { buildTargets } from './build.ts'

/** Where to, as `--to` says it. */
type Place = { readonly kind: 'folder' | 'oci' | 'docker'; readonly path: string }

/** What was written: an object for programs, lines for people. */
interface Exported {
  readonly json: object
  readonly lines: readonly string[]
}

/** `nacre export`: builds targets, and writes them in a form that other tools take. */
export async function exportCommand(from: Arguments): Promise<number> {
  const session = openSession(from)
  if (session.kind === 'complaints') return complain(session.diagnostics, from)
  const order = orderOf(session.value, from)
  if (order.kind === 'complaints') return complain(order.diagnostics, from)
  const { targets, place } = order.value
  const machine = machineFor(session.value, from)
  if (machine.kind === 'complaints') return complain(machine.diagnostics, from)
  await using made = machine.value
  const { report, code } = await buildTargets({ session: session.value, machine: made, from, what: 'build', quiet: true }, targets)
  if (report.outcome !== 'done') return code
  const exported = await write({ session: session.value, machine: made, report, targets, place })
  if (exported.kind === 'complaints') return complain(exported.diagnostics, from)
  process.stdout.write(has(from, 'json') ? `${JSON.stringify(exported.value.json)}\n` : exported.value.lines.map((line) => `${line}\n`).join(''))
  return exitCodes.done
}

function orderOf(session: Session, from: Arguments): Checked<{ readonly targets: readonly Target[]; readonly place: Place }> {
  const to = flag(from, 'to')
  if (to === undefined || to === '') return usage('nacre export needs a place', '--to DIR for packages, --to oci:DIR or --to docker-archive:FILE for an image')
  const found = targetsOf(session, from)
  if (found.kind === 'complaints') return found
  const place = placeOf(to)
  // With --all, the place says what all is meant to be of: a repository holds packages.
  const targets = has(from, 'all') && place.kind === 'folder' ? found.value.filter(({ kind }) => kind === 'package') : found.value
  const [first] = targets
  if (first === undefined) return usage('There is nothing to export', 'name a target; nacre graph --format targets lists them')
  if (targets.some(({ kind }) => kind !== first.kind)) return usage('One place takes targets of one kind', 'export packages and images one after the other')
  if (first.kind === 'image' && place.kind === 'folder') return usage(`An image goes to oci:DIR or docker-archive:FILE, not to "${to}"`, `--to oci:${to}`)
  if (first.kind !== 'image' && place.kind !== 'folder') return usage(`${nameOf(first)} goes to a folder, not to "${to}"`, `--to ${place.path}`)
  if (targets.length > 1 && place.kind === 'docker') return usage('A docker archive takes one image', 'export the images one after the other')
  const imported = targets.filter(({ kind, name }) => kind === 'package' && session.plan.catalogue.get(name)?.recipe.bootstrap === true)
  if (imported.length > 0) return usage(`${imported.map(nameOf).join(', ')} is imported for building and is never packed`, 'export what is built from source')
  return ok({ targets, place })
}

function usage(message: string, hint: string): Checked<never> {
  return complaints([{ code: 'cli/usage', severity: 'error', message, hint }])
}

function placeOf(to: string): Place {
  if (to.startsWith('oci:')) return { kind: 'oci', path: to.slice('oci:'.length) }
  if (to.startsWith('docker-archive:')) return { kind: 'docker', path: to.slice('docker-archive:'.length) }
  return { kind: 'folder', path: to }
}

interface Writing {
  readonly session: Session
  readonly machine: Machine
  readonly report: BuildReport
  readonly targets: readonly Target[]
  readonly place: Place
}

async function write(writing: Writing): Promise<Checked<Exported>> {
  const lists = { json: [] as object[], lines: [] as string[] }
  if (writing.targets[0]?.kind === 'package') return writePackages(writing)
  for (const target of writing.targets) {
    const written = target.kind === 'image' ? await writeImage(writing, target.name) : await writeTask(writing, target)
    if (written.kind === 'complaints') return written
    lists.json.push(written.value.json)
    lists.lines.push(...written.value.lines)
  }
  const [only, ...more] = lists.json
  return ok({ json: only !== undefined && more.length === 0 ? only : { exported: lists.json }, lines: lists.lines })
}

async function writePackages({ session, machine, report, place }: Writing): Promise<Checked<Exported>> {
  const key = await findOrMakeKey({ store: session.store, workspace: session.workspace.folder, sign: session.workspace.config.keys.sign, locks: machine.store.locks, signal: new AbortController().signal })
  if (key.kind === 'complaints') return key
  const packed = [...report.outputs].filter(([id]) => /^package:[^/]+\/pack\//.test(id)).map(([, outputs]) => outputs)
  const folder = resolve(place.path)
  const packages = await exportRepository({ folder, arch: session.arch, packed, key: key.value.key, cas: machine.store.cas })
  if (packages.kind === 'complaints') return packages
  const { name } = key.value.key
  return ok({
    json: { to: folder, key: name, packages: packages.value },
    lines: [...packages.value.map(({ file }) => `${place.path}/${file}`), `${place.path}/${session.arch}/APKINDEX.tar.gz  signed with ${name}`],
  })
}

async function writeImage({ session, machine, report, place }: Writing, name: string): Promise<Checked<Exported>> {
  const { cas } = machine.store
  const outputs = outputsOf(report, nodeId(`image:${name}/layout`))
  const [layout, facts] = [outputs['layout'], await readJson<ImageResult>(cas, outputs['facts'])]
  if (layout === undefined) throw new TypeError(`image ${name} has no layout`)
  const path = resolve(place.path)
  if (place.kind === 'docker') await exportDockerArchive(cas, { name, arch: session.arch, layout: layout.digest, facts }, path)
  else {
    const written = await exportLayout(cas, layout.digest, path)
    if (written.kind === 'complaints') return written
  }
  const digest = `sha256:${digestHash(facts.manifest)}`
  return ok({ json: { to: path, image: name, digest }, lines: [`${place.kind === 'docker' ? `docker-archive:${place.path}` : `oci:${place.path}:${name}`}  ${digest}`] })
}

async function writeTask({ session, machine, report, place }: Writing, target: Target): Promise<Checked<Exported>> {
  const path = absPath(resolve(place.path))
  for (const id of session.plan.request(target, 'build').wants) {
    for (const output of Object.values(outputsOf(report, id))) if (output.kind === 'tree') await exportTree(machine.store.cas, output.digest, path)
  }
  return ok({ json: { to: path, task: target.name }, lines: [place.path] })
}

function outputsOf(report: BuildReport, id: NodeId): Readonly<Record<string, Output>> {
  const outputs = report.outputs.get(id)
  if (outputs === undefined) throw new TypeError(`${id} was not built`)
  return outputs
}
