// The table of nacre.yaml. Source: the design, section 6.
import { boolean, duration, list, map, record, short, some, text, texts, type Of } from './type.ts'

const remote = record('remote', {
  url: { type: text({ pattern: '^(grpcs?|https?|s3|file)://' }), doc: 'Address of the cache: grpc://, grpcs://, http://, https:// or s3://.', required: true },
  write: { type: boolean, doc: 'Results made here are put there.' },
})

const channel = record('channel', {
  name: { type: text({ pattern: '^[a-z0-9][a-z0-9._-]*$' }), doc: 'Name of the channel.', required: true },
  soak: { type: duration, doc: 'How long a snapshot must have been in the channel before.', example: '24h' },
})

const keys = record('keys', {
  sign: { type: text(), doc: 'Private key that repositories and channels are signed with.' },
  trust: { type: texts, doc: 'Public keys whose signatures count.' },
})

export const workspace = record('workspace', {
  recipes: { type: texts, doc: 'Globs of recipe files; `**/*.yaml` when it is left out.' },
  default: { type: texts, doc: 'Targets that a bare `nacre build` makes.', example: '[image:jq]' },
  pipelines: { type: texts, doc: 'Folders searched for pipelines before the built-in ones.' },
  remotes: { type: list(short('url', remote)), doc: 'Caches to share results with.', example: '[{url: grpc://cache:9092, write: true}]' },
  mirrors: { type: map(some(text())), doc: 'Places that `mirror://NAME/` stands for; `system` is what the machine\'s own package sources say.', example: '{debian: system}' },
  channels: { type: list(short('name', channel)), doc: 'Channels, from the newest to the steadiest.', example: '[edge, {name: staging, soak: 24h}]' },
  policies: { type: texts, doc: 'Globs of policy files.' },
  keys: { type: keys, doc: 'Keys to sign with and to trust.' },
})
export type Workspace = Of<typeof workspace>
