import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { nodeId } from '../../base/ids.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { walkTree } from '../../cache/tree-walk.ts'
import type { Output } from '../../cache/cache.ts'
import { tarBytes, type TarHeader } from '../../outputs/archive/tar-write.ts'
import { importAction, importKind } from '../../recipes/kinds/import-debs.ts'
import { tempFolder } from '../cache/temp-folder.ts'
import { ar } from '../outputs/deb/ar.ts'

type Entry = TarHeader & { readonly content?: Uint8Array }

const file = (path: string, content: string): Entry => ({ path: `./${path}`, kind: 'file', mode: 0o644, mtime: 0, content: Buffer.from(content) })
const folder = (path: string): Entry => ({ path: `./${path}`, kind: 'directory', mode: 0o755, mtime: 0 })
const link = (path: string, to: string, kind: 'symlink' | 'hardlink' = 'symlink'): Entry => ({ path: `./${path}`, kind, mode: 0o777, mtime: 0, link: to })

const deb = (...entries: readonly Entry[]): Uint8Array => ar([['debian-binary', Buffer.from('2.0\n')], ['data.tar.gz', gzipSync(tarBytes(entries, true))]])

/** `path=content`, `path->target` or `path/` of everything that the debs come to, or the codes of what is wrong with them. */
async function imported(debs: readonly Uint8Array[], links: readonly { readonly path: string; readonly target: string }[] = []): Promise<readonly string[]> {
  const store = openStore(tempFolder(), { clock: systemClock, random: systemRandom })
  try {
    const names = debs.map((_, i) => ({ name: `deb${i}`, version: '1', sha256: '0'.repeat(64), path: 'x' }))
    const inputs: Record<string, Output> = {}
    for (const [i, bytes] of debs.entries()) inputs[`deb/deb${i}`] = { kind: 'blob', digest: await store.cas.put(bytes) }
    const action = importAction({ id: nodeId('import'), name: 'tree', label: 'import', debs: names, links })
    const outcome = await importKind().run({ action, inputs, cas: store.cas, scratch: tempFolder(), signal: new AbortController().signal, log: () => {}, keep: () => {}, processors: async () => () => {} })
    if (outcome.kind === 'failed') return outcome.failure.kind === 'refused' ? outcome.failure.diagnostics.map(({ code }) => code) : [outcome.failure.kind]
    return await listing(store, outcome.outputs['tree'])
  } finally {
    await store.close()
  }
}

async function listing(store: Store, tree: Output | undefined): Promise<readonly string[]> {
  const lines: string[] = []
  if (tree === undefined) return lines
  for await (const { path, node } of walkTree(store.cas, tree.digest)) {
    if (node.kind === 'directory') lines.push(`${path}/`)
    else if (node.kind === 'symlink') lines.push(`${path}->${node.target}`)
    else lines.push(`${path}=${Buffer.from((await store.cas.read(node.digest)) ?? []).toString().slice(0, 9)}`)
  }
  return lines
}

describe('Debian packages', () => {
  it('lie over each other in their order, however long each takes', async () => {
    const long = file('usr/share/long', 'x'.repeat(3_000_000))
    const same = (content: string): Entry => file('usr/share/same', content)
    expect(await imported([deb(long, same('first')), deb(same('second'))])).toEqual(['usr/', 'usr/share/', 'usr/share/long=xxxxxxxxx', 'usr/share/same=second'])
    expect(await imported([deb(same('first')), deb(long, same('second'))])).toEqual(['usr/', 'usr/share/', 'usr/share/long=xxxxxxxxx', 'usr/share/same=second'])
  })

  it('never replace a link by the folder that it stands for, and keep what is in a folder', async () => {
    expect(await imported([deb(link('usr/doc', 'share/doc')), deb(folder('usr'), folder('usr/doc'))])).toEqual(['usr/', 'usr/doc->share/doc'])
    expect(await imported([deb(folder('usr'), file('usr/a', 'a')), deb(folder('usr'), file('usr/b', 'b'))])).toEqual(['usr/', 'usr/a=a', 'usr/b=b'])
  })

  it('that still know of /bin and /lib64 are merged under /usr', async () => {
    expect(await imported([deb(folder('bin'), file('bin/sh', 'sh'), file('lib64/ld.so', 'ld'))], [{ path: '/bin', target: 'usr/bin' }, { path: '/bin/bash', target: 'sh' }])).toEqual([
      'bin->usr/bin', 'usr/', 'usr/bin/', 'usr/bin/bash->sh', 'usr/bin/sh=sh', 'usr/lib/', 'usr/lib/ld.so=ld',
    ])
  })

  it('join a file and its hard links, and are refused when one leads elsewhere', async () => {
    expect(await imported([deb(file('usr/a', 'one'), link('usr/b', './usr/a', 'hardlink'))])).toEqual(['usr/', 'usr/a=one', 'usr/b=one'])
    expect(await imported([deb(file('usr/a', 'one')), deb(link('usr/b', './usr/a', 'hardlink'))])).toEqual(['deb/damaged'])
  })

  it('that are damaged are refused, and so is what no package of files holds', async () => {
    expect(await imported([deb(file('a', 'a')), Buffer.from('!<arch>\nnothing'), deb(file('b', 'b'))])).toEqual(['deb/damaged'])
    expect(await imported([ar([['data.tar', tarBytes([file('a', 'a')], true).subarray(0, 700)]])])).toEqual(['deb/damaged'])
    expect(await imported([deb({ path: './dev', kind: 'character', mode: 0o644, mtime: 0, device: { major: 1, minor: 3 } })])).toEqual(['deb/damaged'])
    expect(await imported([deb(file('../a', 'a'))])).toEqual(['deb/damaged'])
  })
})
