import { baseName, folderOf, type Generator, isEntryName } from './package-view.ts'

const folders = new Set(['bin', 'sbin', 'usr/bin', 'usr/sbin'])

/** Programs that everybody may run, by name: `cmd:curl`. Links are nobody's command. */
export const commands: Generator = {
  name: 'commands',
  async inspect(file, _content, view) {
    if (file.kind !== 'file' || (file.mode & 0o555) !== 0o555 || !folders.has(folderOf(file.path))) return []
    const name = baseName(file.path)
    return isEntryName(name) ? [{ kind: 'provides', entry: `cmd:${name}=${view.subject.version}`, path: file.path }] : []
  },
}
