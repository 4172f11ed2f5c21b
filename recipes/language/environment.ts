import type { Diagnostic } from '../../base/diagnostic.ts'
import type { SourceFile } from '../../base/source.ts'
import { removedTwice } from './complaints.ts'
import { readEnvironmentFile } from './environment-file.ts'
import { environment, type Environment } from './schema/image.ts'
import type { PackageRecipe } from './schema/package.ts'
import { zeroOf } from './schema/decode.ts'
import { where } from './schema/type.ts'

/** Set in every build environment, unless the recipe or an environment file gives them a value. */
const DEFAULTS: Readonly<Record<string, string>> = {
  HOME: '/home/build',
  GOPATH: '/home/build/.cache/go',
  GOMODCACHE: '/var/cache/melange/gomodcache',
  UV_CACHE_DIR: '/var/cache/melange/uv',
  PIP_CACHE_DIR: '/var/cache/melange/pip',
  COMPOSER_CACHE_DIR: '/var/cache/melange/composer',
  npm_config_cache: '/var/cache/melange/npm',
}

/** The environment of a build: the recipe's variables over those of the files (of which the first wins), the defaults, and the build user. */
export function buildEnvironment(own: Environment, files: readonly SourceFile[], diagnostics: Diagnostic[]): Environment {
  const variables: Record<string, string> = {}
  for (const file of files.toReversed()) for (const [name, value] of readEnvironmentFile(file, diagnostics)) variables[name] = value
  Object.assign(variables, own.environment)
  for (const [name, value] of Object.entries(DEFAULTS)) if ((variables[name] ?? '') === '') variables[name] = value
  return withBuildUser({ ...kept(own), environment: variables })
}

/** Only a part of an image recipe means something to a build; the rest is dropped, as melange does. */
export function kept(own: Environment): Environment {
  const none = zeroOf(environment)
  const { buildRepositories, repositories, keyring, packages } = own.contents
  return {
    ...own,
    contents: { ...none.contents, buildRepositories, repositories, keyring, packages },
    archs: own.archs.map(ociArch),
    layering: none.layering,
    certificates: none.certificates,
    format: none.format,
  }
}

/** Adds user and group `build` (1000:1000), where the recipe has none of that name. */
export function withBuildUser(own: Environment): Environment {
  const { users, groups } = own.accounts
  const user = { username: 'build', uid: 1000, gid: 1000, shell: '', homedir: '' }
  const group = { groupname: 'build', gid: 1000, members: ['build'] }
  return {
    ...own,
    accounts: {
      ...own.accounts,
      users: users.some((one) => one.username === 'build') ? users : [...users, user],
      groups: groups.some((one) => one.groupname === 'build') ? groups : [...groups, group],
    },
  }
}

export function withPackages(own: Environment, packages: readonly string[]): Environment {
  return { ...own, contents: { ...own.contents, packages } }
}

/** Turns build options on: their variables, and their changes of the environment's packages. A removal puts the last package into the gap, as melange does. */
export function applyOptions(recipe: PackageRecipe, names: readonly string[], diagnostics: Diagnostic[]): PackageRecipe {
  const vars = { ...recipe.vars }
  const packages = [...recipe.environment.contents.packages]
  for (const name of names) {
    const option = recipe.options[name]
    if (option === undefined) continue
    Object.assign(vars, option.vars)
    const { add, remove } = option.environment.contents.packages
    packages.push(...add)
    for (const gone of remove) {
      if (packages.indexOf(gone) !== packages.lastIndexOf(gone)) diagnostics.push(removedTwice(where(option), gone))
      const gap = packages.indexOf(gone)
      const last = gap === -1 ? undefined : packages.pop()
      if (last !== undefined && gap < packages.length) packages[gap] = last
    }
  }
  return { ...recipe, vars, environment: withPackages(recipe.environment, packages) }
}

const OCI_ARCHS: Readonly<Record<string, string>> = {
  x86: '386', i386: '386', x86_64: 'amd64', aarch64: 'arm64', armhf: 'arm/v6', armv6: 'arm/v6', armv7: 'arm/v7', loongarch64: 'loong64',
}

/** The OCI name of an architecture, given by apk or OCI name. Source: apko pkg/build/types/architecture.go. */
export function ociArch(name: string): string {
  return OCI_ARCHS[name] ?? name
}
