import { expect, it } from 'vitest'
import { applyLayer, outsideLinks, packageLayer, topLayer, topOfLonePackages } from '../../../outputs/oci/layers.ts'
import { composeRoot } from '../../../outputs/oci/root.ts'
import type { ImageConfiguration } from '../../../outputs/oci/image-config.ts'
import { textContent } from '../../../outputs/rootfs/content.ts'
import type { PackageFiles } from '../../../outputs/rootfs/install-packages.ts'
import { VirtualTree } from '../../../outputs/rootfs/virtual-tree.ts'
import type { ApkEntry } from '../../../outputs/apk/read.ts'

const config: ImageConfiguration = {
  accounts: { users: [{ username: 'app', uid: 7 }] },
}

it('is the same for packages side by side whether their layers are composed or not', async () => {
  const packages = [made('one', ['usr/', 'usr/share/', 'usr/share/one/', 'usr/share/one/text', 'etc/', 'etc/passwd']), made('two', ['usr/', 'usr/share/', 'usr/share/two', 'var/', 'var/empty/', 'usr/lib/apk/db/more'])]
  const { root, composed } = await both(packages, { ...config, paths: [{ path: 'usr/share/one/text', type: 'permissions', permissions: 0o600, uid: 0, gid: 0 }] })
  const quick = topOfLonePackages(root.tree, packages, root.installed)
  expect(quick).toEqual(composed)
  expect(quick?.map(([path]) => path)).toEqual(expect.arrayContaining(['etc/passwd', 'usr/share/one/text', 'usr/lib/apk/db/installed']))
  expect(quick?.map(([path]) => path)).not.toContain('usr/share/two')
})

it.each([
  ['two packages have the same file', [made('one', ['usr/', 'usr/same']), made('two', ['usr/', 'usr/same'])]],
  ['a folder of one is a link in another', [made('one', ['usr/', 'usr/lib/', 'lib -> usr/lib']), made('two', ['lib/', 'lib/two'])]],
])('is left to composing where %s', async (_name, packages) => {
  const { root, composed } = await both(packages)
  expect(topOfLonePackages(root.tree, packages, root.installed)).toBeUndefined()
  expect(composed.length).toBeGreaterThan(0)
})

/** The root, and its top layer found by composing every layer, which makes the root again. */
async function both(packages: readonly PackageFiles[], configuration = config) {
  const composed = await composeRoot(configuration, packages, { arch: 'x86_64', time: 5, keys: [], read: nothing, inspect: () => undefined })
  if (composed.kind === 'complaints') throw new Error(JSON.stringify(composed.diagnostics))
  const root = composed.value
  const layers = packages.map((one) => packageLayer([one], outsideLinks(root.tree, [one], root.owners)))
  const top = topLayer(root.tree, layers)
  const tree = new VirtualTree()
  for (const layer of [...layers, top]) applyLayer(tree, layer)
  expect(tree.sorted()).toEqual(root.tree.sorted())
  return { root, composed: top }
}

/** `a/` is a folder, `a -> b` a link, and the rest are files that hold their own names. */
function made(name: string, paths: readonly string[]): PackageFiles {
  const entries = paths.map((text): ApkEntry => {
    const [path = '', link] = text.split(' -> ')
    const common = { uid: 0, gid: 0, uname: 'root', gname: 'root', mtime: 1, xattrs: {}, size: 0 }
    if (link !== undefined) return { ...common, path, kind: 'symlink', mode: 0o777, link }
    return path.endsWith('/') ? { ...common, path: path.slice(0, -1), kind: 'directory', mode: 0o755 } : { ...common, path, kind: 'file', mode: 0o644, sha1: 'aa' }
  })
  const record = { ...{ name, version: '1-r0', arch: 'noarch', description: '', url: '', license: '', origin: name, maintainer: '', commit: '', buildDate: 1, installedSize: 0 }, depends: [], provides: [], replaces: [], installIf: [], triggers: [] }
  return { record, entries, scripts: {}, contents: new Map(entries.flatMap(({ path, kind }) => (kind === 'file' ? [[path, textContent(path)] as const] : []))) }
}

function nothing(): never {
  throw new Error('nothing is stored')
}
