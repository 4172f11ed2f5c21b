import type { Generator } from './package-view.ts'

/** A documentation package needs what shows its manual and info pages. */
export const documentation: Generator = {
  name: 'documentation',
  async inspect({ path, kind }, _content, view) {
    if (!view.subject.name.endsWith('-doc') || kind === 'directory') return []
    if (path.startsWith('usr/share/man/')) return [{ kind: 'depends', entry: 'man-db', path }]
    return path.startsWith('usr/share/info/') ? [{ kind: 'depends', entry: 'texinfo', path }] : []
  },
}
