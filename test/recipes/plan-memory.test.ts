import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { absPath, type AbsPath } from '../../base/ids.ts'
import { positionOf } from '../../base/source.ts'
import { layoutOf } from '../../cache/layout.ts'
import { ParseMemo } from '../../cache/parse-memo.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { type PlanOptions, planWorkspace } from '../../recipes/plan/planner.ts'
import { generator, type Random } from './random-text.ts'

const top = absPath(join(import.meta.dirname, '../..'))
const folder = mkdtempSync(join(tmpdir(), 'nacre-plan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function memo(name: string): NonNullable<PlanOptions['memo']> {
  const layout = layoutOf(absPath(join(folder, name)))
  let next = 0
  const scratch = { path: (kind?: string) => absPath(`${layout.parses}/${kind ?? 'f'}-${next++}.new`) }
  return { store: new ParseMemo(layout, scratch), name: 'test' }
}

/** Everything that a plan says: targets, actions, and what it depends on; or every complaint with its place. */
function told(workspace: AbsPath, options: { readonly memo?: PlanOptions['memo']; readonly now?: number } = {}): string {
  const leaves = new LeafRecorder(options.now ?? Date.now())
  const planned = planWorkspace(workspace, { arch: 'x86_64', leaves, path: '/usr/bin', ...(options.memo === undefined ? {} : { memo: options.memo }) })
  if (planned.kind === 'complaints') {
    return planned.diagnostics
      .map(({ code, message, where, related, facts, hint }) => JSON.stringify([code, message, where && [where.source.path, positionOf(where.source, where.start), where.end], related?.map(({ where: place }) => place.start), facts, hint]))
      .join('\n')
  }
  const { plan } = planned.value
  const all = plan.all()
  const requests = (['build', 'test'] as const).map((what) => plan.requestAll(all, what))
  const missing = plan.complaints(all).map(({ message, where }) => [message, where && positionOf(where.source, where.start)])
  const read = leaves.leaves().map(({ kind, path, hash }) => `${kind} ${path} ${hash}`).sort()
  return JSON.stringify([plan.names(), plan.catalogue.recipes, plan.images, requests, missing, read], null, 1)
}

const files: Readonly<Record<string, readonly string[]>> = {
  'nacre.yaml': ['pipelines: [pipelines]\n', 'pipelines: [pipelines, more]\n', 'recipes: ["a/*.yaml", "*.yaml"]\npipelines: [pipelines]\n', 'pipelines: [pipelines]\nrecipes: [nothing/*.yaml, "**/*.yaml"]\n'],
  'zlib.yaml': [recipe('zlib', '  - uses: own\n  - uses: strip\n'), recipe('zlib', '  - uses: strip\n', '1.3'), recipe('zlib', '  - uses: nowhere\n'), `${recipe('zlib', '  - uses: own\n')}subpackages:\n  - name: zlib-dev\n    dependencies: {provides: [zlib-headers=1]}\n    pipeline:\n      - uses: split/dev\n`],
  'a/jq.yaml': [recipe('jq', '  - uses: own\n    with: {word: x}\n'), recipe('zlib', '  - runs: "true"\n'), 'package: {name: jq\n', recipe('jq', '  - runs: echo ${{vars.none}}\n'), `# nothing but a comment before it\n${recipe('jq', '  - runs: "true"\n')}`, recipe('jq', '  - runs: "true"\n').replace('epoch: 0', 'epoch: 0\n  target-architecture: [aarch64]')],
  'a/more/curl.yaml': [recipe('curl', '  - uses: nested/one\n'), recipe('curl', '  - uses: own\n').replace('name: curl', 'nme: curl')],
  'image.yaml': ['name: site\ncontents: {packages: [jq]}\n', 'name: site\ncontents: {packages: [zlib, jq]}\ntest: {commands: [{run: [a]}]}\n', 'contents: {packages: [}\n'],
  'tasks.yaml': [tasks('upper', 'word.txt'), tasks('lower', 'word.txt'), tasks('upper', 'none.txt'), tasks('upper', 'word.txt').replace('needs: [', 'needs: [other, ')],
  'word.txt': ['word\n', 'other\n'],
  'pipelines/own.yaml': ['inputs: {word: {default: a}}\npipeline:\n  - runs: echo ${{inputs.word}}\n', 'inputs: {word: {default: a}}\npipeline:\n  - runs: echo again ${{inputs.word}}\n', 'pipeline:\n  - runs: echo ${{inputs.none}}\n'],
  'pipelines/nested/one.yaml': ['pipeline:\n  - uses: nested/two\n', 'pipeline:\n  - uses: own\n'],
  'pipelines/nested/two.yaml': ['pipeline:\n  - runs: echo two\n', 'needs: {packages: [zlib]}\npipeline:\n  - runs: echo 2\n'],
  'pipelines/strip.yaml': ['pipeline:\n  - runs: echo no stripping\n'],
  'more/strip.yaml': ['pipeline:\n  - runs: echo stripped elsewhere\n'],
  'zlib/patch.txt': ['a patch\n'],
  'a/jq/deep/file.txt': ['content\n'],
}
const first = ['nacre.yaml', 'zlib.yaml', 'a/jq.yaml', 'a/more/curl.yaml', 'image.yaml', 'tasks.yaml', 'word.txt', 'pipelines/own.yaml', 'pipelines/nested/one.yaml', 'pipelines/nested/two.yaml']

function recipe(name: string, steps: string, version = '1.2'): string {
  return `package:\n  name: ${name}\n  version: ${version}\n  epoch: 0\nenvironment:\n  contents:\n    packages: [zlib]\npipeline:\n${steps}`
}

function tasks(name: string, input: string): string {
  return `task:\n  name: ${name}\n  inputs: [${input}]\n  run: tr a-z A-Z < word.txt > out.txt\n  outputs: [out.txt]\n---\ntask:\n  name: page\n  needs: [${name}, zlib]\n  run: cat out.txt > page.txt\n  outputs: [page.txt]\n`
}

describe('A remembered plan', () => {
  it('is the plan of the catalogue', () => {
    const cold = told(top)
    expect(cold.length).toBeGreaterThan(100_000)
    const remembered = memo('catalogue')
    for (let i = 0; i < 3; i++) expect(told(top, { memo: remembered }) === cold).toBe(true)
  })

  it('is the plan that reading everything gives, whatever happened to recipes and pipelines since', () => {
    const seed = Number(process.env['SEED'] ?? 6)
    const steps = Number(process.env['ROUNDS'] ?? 300)
    const random = generator(seed)
    const workspace = absPath(join(folder, 'workspace'))
    const remembered = memo('random')
    const seen = { plans: 0, complaints: 0 }
    for (let step = 0; step < steps; step++) {
      if (step % 20 === 0) startAgain(workspace)
      const what = edit(workspace, random)
      // As if the files had been there for an hour, so that their stats are believed; or as young as they are.
      const now = random.below(3) === 0 ? Date.now() : Date.now() + 3_600_000
      const cold = told(workspace)
      seen[cold.startsWith('[\n') ? 'plans' : 'complaints']++
      expect(told(workspace, { memo: remembered, now }), `seed ${seed}, step ${step}: ${what}`).toBe(cold)
    }
    expect(Math.min(seen.plans, seen.complaints), `seed ${seed}`).toBeGreaterThan(steps / 40)
  })

  it('is made again when its file is cut short or altered', () => {
    const workspace = absPath(join(folder, 'damaged'))
    for (const path of first) write(workspace, path, files[path]?.[0] ?? '')
    const cold = told(workspace)
    for (const damage of [(bytes: Buffer) => bytes.subarray(0, 40), (bytes: Buffer) => bytes.subarray(0, -50), flipped(20), flipped(-20), flipped(-700), () => Buffer.alloc(0)]) {
      const remembered = memo('damaged-store')
      const later = Date.now() + 3_600_000
      told(workspace, { memo: remembered, now: later })
      damageAll(join(folder, 'damaged-store'), damage)
      expect(told(workspace, { memo: remembered, now: later })).toBe(cold)
      rmSync(join(folder, 'damaged-store'), { recursive: true, force: true })
    }
  })
})

function startAgain(workspace: string): void {
  rmSync(workspace, { recursive: true, force: true })
  for (const path of first) write(workspace, path, files[path]?.[0] ?? '')
}

function write(workspace: string, path: string, text: string): void {
  mkdirSync(dirname(join(workspace, path)), { recursive: true })
  writeFileSync(join(workspace, path), text)
}

function flipped(at: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const place = at < 0 ? bytes.length + at : at
    bytes[place] = (bytes[place] ?? 0) ^ 1
    return bytes
  }
}

function damageAll(store: string, damage: (bytes: Buffer) => Buffer): void {
  const parses = join(store, 'v1/parses')
  for (const name of readdirSync(parses)) writeFileSync(join(parses, name), damage(readFileSync(join(parses, name))))
}

/** Does one thing to the workspace and says what. */
function edit(workspace: string, random: Random): string {
  const path = random.one(Object.keys(files))
  const place = join(workspace, path)
  switch (random.below(8)) {
    case 0:
      if (path === 'nacre.yaml') return 'nothing'
      rmSync(place, { force: true })
      return `removed ${path}`
    case 1:
      try {
        utimesSync(place, new Date(), new Date())
      } catch {
        return 'nothing'
      }
      return `touched ${path}`
    case 2:
      try {
        renameSync(join(workspace, 'a/jq.yaml'), join(workspace, 'a/renamed.yaml'))
      } catch {
        rmSync(join(workspace, 'a/renamed.yaml'), { force: true })
      }
      return 'renamed'
    // Most often back to what is right, or everything would be complaints soon.
    case 3:
    case 4:
    case 5:
      write(workspace, path, files[path]?.[0] ?? '')
      return `wrote the first ${path}`
    default: {
      const text = random.one(files[path] ?? [''])
      write(workspace, path, text)
      return `wrote ${path}: ${text}`
    }
  }
}
