import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { knownSandbox } from '../../cli/machine/known-sandbox.ts'
import { type Detected, detectSandbox } from '../../engine/sandbox/detect.ts'
import type { Sandbox, SandboxSpec } from '../../engine/sandbox/sandbox.ts'

const detected = await detectSandbox()

/** A store, and what a sandbox takes. */
function place(): { readonly folder: string; readonly store: Store; readonly spec: SandboxSpec } {
  const folder = mkdtempSync(join(tmpdir(), 'nacre-known-'))
  const at = (name: string) => absPath(join(folder, name))
  for (const name of ['lower', 'upper', 'work']) mkdirSync(at(name))
  const spec = { lowers: [at('lower')], upper: at('upper'), work: at('work'), mounts: [], argv: ['/nothing'], directory: '/', environment: {}, hostname: 'nacre', limits: { seconds: 20 }, output: () => undefined }
  return { folder, store: openStore(at('store'), { clock: systemClock, random: systemRandom }), spec }
}

const rememberedIn = ({ receipts }: Store) => Buffer.from(receipts.get('sandbox any') ?? []).toString()

it.skipIf(detected.kind !== 'found').each([
  ['nothing', undefined],
  ['what is there', detected.kind === 'found' ? detected.sandbox.name : ''],
  ['a sandbox that no version knows', 'something else'],
])('a store that remembers %s runs in the sandbox that starts, and remembers that one', async (_, remembered) => {
  const { folder, store, spec } = place()
  if (remembered !== undefined) store.receipts.put('sandbox any', Buffer.from(remembered))
  // It got as far as missing the program.
  expect(await knownSandbox(store.receipts, undefined).run(spec, new AbortController().signal)).toEqual({ kind: 'exited', code: 127 })
  expect(rememberedIn(store)).toBe(detected.kind === 'found' ? detected.sandbox.name : '')
  await store.close()
  rmSync(folder, { recursive: true })
})

it.each([
  ['starts no more is replaced by the one that does, in clean folders', 'unavailable', { kind: 'exited', code: 0 }, 'namespaces'],
  ['does start, and ended badly, has said the last word', 'found', { kind: 'unavailable', reason: 'broken', hint: '' }, 'bubblewrap'],
] as const)('a remembered sandbox that %s', async (_, own, expected, remembered) => {
  const { folder, store, spec } = place()
  store.receipts.put('sandbox any', Buffer.from('bubblewrap'))
  const broken: Sandbox = {
    name: 'bubblewrap',
    run: ({ upper, work }) => {
      for (const folder of [upper, work]) mkdirSync(join(folder, 'left'))
      return Promise.resolve({ kind: 'unavailable', reason: 'broken', hint: '' })
    },
  }
  const working: Sandbox = {
    name: 'namespaces',
    run: ({ upper, work }) => Promise.resolve({ kind: 'exited', code: readdirSync(upper).length + readdirSync(work).length }),
  }
  const detect = (preferred?: Sandbox['name']): Promise<Detected> =>
    Promise.resolve(preferred === 'bubblewrap' ? (own === 'found' ? { kind: 'found', sandbox: broken } : { kind: 'unavailable', reason: 'broken', hint: '' }) : { kind: 'found', sandbox: working })
  expect(await knownSandbox(store.receipts, undefined, { sandboxes: [broken, working], detect }).run(spec, new AbortController().signal)).toEqual(expected)
  expect(rememberedIn(store)).toBe(remembered)
  await store.close()
  rmSync(folder, { recursive: true })
})
