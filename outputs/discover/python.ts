import type { Generator } from './package-view.ts'

/** Python modules need the python whose folder they are in; for two pythons, both. */
export const python: Generator = {
  name: 'python',
  async inspect({ path, kind }, _content, view) {
    const version = /(?:^|\/)python([0-9]+(?:\.[0-9]+)*)\/site-packages\//.exec(kind === 'directory' ? `${path}/` : path)?.[1]
    if (version === undefined || view.subject.depends?.some((entry) => entry.startsWith('python')) === true) return []
    return [{ kind: 'depends', entry: `python-${version}-base`, path }]
  },
}
