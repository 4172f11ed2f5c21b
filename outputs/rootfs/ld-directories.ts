import { byBytes } from '../../base/bytes.ts'
import { readContent, type ReadBlob } from './content.ts'
import { join, parentOf, type VirtualTree } from './virtual-tree.ts'

/** Searched after those of etc/ld.so.conf, as ldconfig(8) does with the folders its loader trusts. */
const trusted = ['/lib64', '/usr/lib64', '/lib', '/usr/lib']

const includeLimit = 32

/** Absolute paths of the folders whose libraries go into the cache, in order, each real folder once. */
export async function libraryDirectories(tree: VirtualTree, read: ReadBlob): Promise<readonly string[]> {
  const named = await readConfiguration(tree, read, 'etc/ld.so.conf', 0)
  const seen = new Set<string>()
  return [...named, ...trusted].filter((directory) => {
    const real = tree.resolve(directory)
    if (real === undefined || seen.has(real) || (real !== '' && tree.get(real)?.kind !== 'directory')) return false
    seen.add(real)
    return true
  })
}

/** Lines of folders, `include` with globs relative to the file, `#` comments; `hwcap` lines mean nothing since glibc 2.33. */
async function readConfiguration(tree: VirtualTree, read: ReadBlob, path: string, depth: number): Promise<readonly string[]> {
  const file = tree.file(path)
  if (file === undefined || depth > includeLimit) return []
  const directories: string[] = []
  for (const raw of Buffer.from(await readContent(file.content, read)).toString().split('\n')) {
    const line = raw.replace(/#.*/, '').trim()
    const [word, ...patterns] = line.split(/\s+/)
    if (word === 'include') {
      for (const pattern of patterns) {
        const base = pattern.startsWith('/') ? pattern : `/${parentOf(path)}/${pattern}`
        for (const found of glob(tree, base)) directories.push(...(await readConfiguration(tree, read, found, depth + 1)))
      }
    } else if (line.startsWith('/')) directories.push(line.replace(/=.*/, '').replace(/(?<=.)\/+$/, ''))
  }
  return directories
}

function glob(tree: VirtualTree, pattern: string): readonly string[] {
  let found = ['']
  for (const part of pattern.split('/').filter((each) => each !== '' && each !== '.')) {
    const match = globExpression(part)
    found = found.flatMap((directory) => {
      if (!/[*?[]/.test(part)) return tree.resolve(join(directory, part)) === undefined ? [] : [join(directory, part)]
      const real = tree.resolve(directory)
      return real === undefined ? [] : tree.names(real).filter((name) => match.test(name) && !name.startsWith('.')).map((name) => join(directory, name))
    })
  }
  return found.sort(byBytes)
}

function globExpression(part: string): RegExp {
  return new RegExp(`^${part.replace(/[.+^${}()|\\[\]]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u')
}
