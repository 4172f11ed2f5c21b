import type { Generator } from './package-view.ts'

/** Perl modules need a perl of the major version in their path. */
export const perl: Generator = {
  name: 'perl',
  async inspect({ path, kind }, _content, view) {
    const major = /^usr\/(?:local\/)?(?:lib|share)\/perl([0-9]+)\/(?:.+\/)?(?:vendor|site)_perl\//.exec(path)?.[1]
    if (kind === 'directory' || major === undefined || view.subject.depends?.some((entry) => /^perl\b/.test(entry)) === true) return []
    return [{ kind: 'depends', entry: `perl~${major}`, path }]
  },
}
