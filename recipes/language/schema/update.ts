// The table of `update`: where new versions are found. Source: melange pkg/config/config.go (Update).
import { boolean, integer, list, optional, record, text, texts, type Of } from './type.ts'

const github = record('github monitor', {
  identifier: { type: text(), doc: 'Owner and repository.', variables: 'exact', always: true, example: 'jqlang/jq' },
  'strip-prefix': { type: text(), doc: 'Text to take off the front of a tag.' },
  'strip-suffix': { type: text(), doc: 'Text to take off the end of a tag.' },
  'tag-filter': { type: text(), doc: 'Older name of `tag-filter-prefix`.', variables: 'exact' },
  'tag-filter-prefix': { type: text(), doc: 'Only tags that start with this.', variables: 'exact' },
  'tag-filter-contains': { type: text(), doc: 'Only tags that contain this.', variables: 'exact' },
  'use-tag': { type: boolean, doc: 'Looks at tags instead of releases.' },
})

const git = record('git monitor', {
  'strip-prefix': { type: text(), doc: 'Text to take off the front of a tag.' },
  'strip-suffix': { type: text(), doc: 'Text to take off the end of a tag.' },
  'tag-filter-prefix': { type: text(), doc: 'Only tags that start with this.', variables: 'exact' },
  'tag-filter-contains': { type: text(), doc: 'Only tags that contain this.', variables: 'exact' },
})

const releaseMonitor = record('release monitor', {
  identifier: { type: integer, doc: 'Number of the project at release-monitoring.org.', always: true },
  'strip-prefix': { type: text(), doc: 'Text to take off the front of a version.' },
  'strip-suffix': { type: text(), doc: 'Text to take off the end of a version.' },
  'version-filter-prefix': { type: text(), doc: 'Only versions that start with this.', variables: 'exact' },
  'version-filter-contains': { type: text(), doc: 'Only versions that contain this.', variables: 'exact' },
})

const oci = record('oci monitor', {
  identifier: { type: text(), doc: 'Image whose tags are versions.', always: true },
  'strip-prefix': { type: text(), doc: 'Text to take off the front of a tag.' },
  'strip-suffix': { type: text(), doc: 'Text to take off the end of a tag.' },
  'tag-filter-prefix': { type: text(), doc: 'Only tags that start with this.' },
  'tag-filter-contains': { type: text(), doc: 'Only tags that contain this.' },
})

const versionSource = record('version source', {
  name: { type: text(), doc: 'Name of the project.', always: true },
  stream: { type: text(), doc: 'Which of its version streams to follow.' },
  ignore: { type: texts, doc: 'Versions to pass over.' },
  commit_source: { type: text(), doc: 'Project whose commit is taken.' },
  use_release: { type: boolean, doc: 'Looks at releases instead of tags.' },
})

const versionData = record('version data', {
  version_format: { type: text(), doc: 'How versions of the sources are put together.' },
  sources: { type: list(versionSource), doc: 'Projects whose versions are watched.' },
})

const schedule = record('schedule', {
  period: { type: text(), doc: 'How often to look: `daily`, `weekly` or `monthly`.' },
  reason: { type: text(), doc: 'Why not more often.' },
})

const versionTransform = record('version transform', {
  match: { type: text(), doc: 'Regular expression on the version.', always: true },
  replace: { type: text(), doc: 'What it becomes; `$1` is the first group.', always: true },
})

export const update = record('update', {
  enabled: { type: boolean, doc: 'New versions are looked for.', always: true },
  manual: { type: boolean, doc: 'A person makes the change.' },
  shared: { type: boolean, doc: 'Several recipes follow the same upstream and change together.' },
  'require-sequential': { type: boolean, doc: 'Versions are taken one after the other, none passed over.' },
  'enable-prerelease-tags': { type: boolean, doc: 'Takes pre-releases too.' },
  'exclude-reason': { type: text(), doc: 'Why new versions are not looked for.' },
  'version-separator': { type: text(), doc: 'What stands between the parts of a version upstream, if not a dot.' },
  'ignore-regex-patterns': { type: texts, doc: 'Versions to pass over, as regular expressions.' },
  'version-transform': { type: list(versionTransform), doc: 'How upstream\'s versions become the recipe\'s.' },
  github: { type: optional(github), doc: 'Releases or tags of a GitHub repository.' },
  git: { type: optional(git), doc: 'Tags of the repository of the first git-checkout.' },
  'release-monitor': { type: optional(releaseMonitor), doc: 'A project of release-monitoring.org.' },
  oci: { type: optional(oci), doc: 'Tags of an image.' },
  version_data: { type: optional(versionData), doc: 'Versions put together from several projects.' },
  schedule: { type: optional(schedule), doc: 'How often to look.' },
})
export type Update = Of<typeof update>
