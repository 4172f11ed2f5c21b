import { byBytes } from '../../base/bytes.ts'
import { readContent, type ReadBlob } from './content.ts'
import { join, parentOf, plainDirectory, plainSymlink, type VirtualTree } from './virtual-tree.ts'

const lists = 'etc/busybox-paths.d'

/**
 * Links each applet's path to busybox, as a busybox package lists them: files in etc/busybox-paths.d, an absolute path a line
 * (Wolfi's and apko's convention). A path that exists is left alone: a real program beats an applet.
 */
export async function linkBusybox(tree: VirtualTree, read: ReadBlob): Promise<void> {
  const busybox = ['bin/busybox', 'usr/bin/busybox'].find((path) => tree.file(path) !== undefined)
  const directory = tree.resolve(lists)
  if (busybox === undefined || directory === undefined) return
  for (const path of await applets(tree, directory, read)) {
    const parent = tree.makeDirectory(parentOf(path), plainDirectory)
    if (parent === undefined) continue
    const place = join(parent, path.slice(path.lastIndexOf('/') + 1))
    const time = tree.file(busybox)?.mtime ?? 0
    if (tree.get(place) === undefined) tree.set(place, { ...plainSymlink(`/${busybox}`), mtime: time })
  }
}

async function applets(tree: VirtualTree, directory: string, read: ReadBlob): Promise<readonly string[]> {
  const paths = new Set<string>()
  for (const name of tree.names(directory)) {
    const file = tree.file(join(directory, name))
    const text = file === undefined ? '' : Buffer.from(await readContent(file.content, read)).toString()
    for (const line of text.split('\n')) if (/^\/[^\0]/.test(line.trim())) paths.add(line.trim().replace(/^\/+/, ''))
  }
  return [...paths].filter((path) => !path.split('/').some((part) => part === '' || part === '.' || part === '..')).sort(byBytes)
}
