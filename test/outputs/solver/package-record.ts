import type { PackageRecord } from '../../../outputs/apk/record.ts'

interface Entry {
  readonly name: string
  readonly version: string
  readonly depends?: readonly string[]
  readonly provides?: readonly string[]
  readonly install_if?: readonly string[]
  readonly provider_priority?: number
  readonly origin?: string
  readonly checksum?: string
}

/** A record from the few fields that a solver looks at. */
export function packageRecord(entry: Entry): PackageRecord {
  return {
    name: entry.name,
    version: entry.version,
    arch: 'x86_64',
    description: '',
    url: '',
    license: '',
    origin: entry.origin ?? entry.name,
    maintainer: '',
    commit: '',
    buildDate: 0,
    installedSize: 0,
    depends: entry.depends ?? [],
    provides: entry.provides ?? [],
    replaces: [],
    installIf: entry.install_if ?? [],
    triggers: [],
    ...(entry.provider_priority === undefined ? {} : { providerPriority: entry.provider_priority }),
    ...(entry.checksum === undefined ? {} : { checksum: entry.checksum }),
  }
}
