import type { Generator } from './package-view.ts'

/** Ruby gems need the ruby whose folder they are in. */
export const ruby: Generator = {
  name: 'ruby',
  async inspect({ path, kind }, _content, view) {
    const version = /^usr\/lib\/ruby\/gems\/([0-9]+\.[0-9]+)\.[0-9]+\/gems\//.exec(kind === 'directory' ? `${path}/` : path)?.[1]
    if (version === undefined || view.subject.depends?.some((entry) => /^ruby(-|$)/.test(entry)) === true) return []
    return [{ kind: 'depends', entry: `ruby-${version}`, path }]
  },
}
