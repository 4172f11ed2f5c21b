import type { ImageConfiguration } from '../../outputs/oci/image-config.ts'
import type { Diagnostic } from '../../base/diagnostic.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import type { ParsedImage } from '../language/recipe.ts'
import type { ImageRecipe } from '../language/schema/image.ts'
import { where } from '../language/schema/type.ts'
import { compileRe2 } from '../language/transform.ts'
import type { ImageCheck, PlannedImage } from './planned-image.ts'

/** 1 January 1980, as for packages: an image's date must not be the day on which it was made. */
const defaultEpoch = 315_532_800

/** From the decoded recipe to what the outputs floor builds images from. */
export function planImage(parsed: ParsedImage, arch: string): Checked<PlannedImage> {
  const { recipe } = parsed
  const diagnostics = recipe.test.commands.flatMap(badExpectation)
  if (diagnostics.length > 0) return complaints(diagnostics)
  return ok({
    kind: 'image',
    name: parsed.name,
    path: parsed.source.path,
    arch,
    config: imageConfiguration(recipe),
    checks: recipe.test.commands.map((one): ImageCheck => ({ run: one.run, exit: one.exit, ...(one.expect === '' ? {} : { expect: one.expect }), environment: one.environment })),
    checkedWith: recipe.test.packages,
    sourceDateEpoch: Number(recipe.environment['SOURCE_DATE_EPOCH'] ?? defaultEpoch),
  })
}

function badExpectation(check: ImageRecipe['test']['commands'][number]): readonly Diagnostic[] {
  const compiled = compileRe2(check.expect)
  if (compiled.kind === 'expression') return []
  const place = where(check, 'expect')
  return [{ code: 'plan/bad-expectation', severity: 'error', message: `"${check.expect}" is not a regular expression`, ...(place === undefined ? {} : { where: place }), facts: [['engine', compiled.reason]], hint: 'put a backslash before what stands for itself' }]
}

function imageConfiguration(recipe: ImageRecipe): ImageConfiguration {
  const { contents, entrypoint, accounts } = recipe
  return {
    contents: { packages: contents.packages, repositories: contents.repositories, runtime_repositories: contents.runtimeRepositories },
    entrypoint: { command: entrypoint.command, 'shell-fragment': entrypoint.shellFragment, services: entrypoint.services, ...(entrypoint.type === 'service-bundle' ? { type: 'service-bundle' } : {}) },
    ...(recipe.cmd === '' ? {} : { cmd: recipe.cmd }),
    ...(recipe.stopSignal === '' ? {} : { 'stop-signal': recipe.stopSignal }),
    ...(recipe.workDir === '' ? {} : { 'work-dir': recipe.workDir }),
    accounts: {
      ...(accounts.runAs === '' ? {} : { 'run-as': accounts.runAs }),
      users: accounts.users.map(({ username, uid, gid, shell, homedir }) => ({ username, uid, ...(gid === 0 ? {} : { gid }), ...(shell === '' ? {} : { shell }), ...(homedir === '' ? {} : { homedir }) })),
      groups: accounts.groups.map(({ groupname, gid, members }) => ({ groupname, gid, members })),
    },
    archs: recipe.archs,
    environment: recipe.environment,
    paths: recipe.paths.map(({ path, type, uid, gid, permissions, source, recursive }) => ({
      ...{ path, type: pathType(type), permissions, source, recursive },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })),
    ...(recipe.vcsUrl === '' ? {} : { 'vcs-url': recipe.vcsUrl }),
    annotations: recipe.annotations,
    volumes: recipe.volumes,
    ...(recipe.layering === undefined ? {} : { layering: { strategy: 'origin', ...(recipe.layering.budget > 0 ? { budget: recipe.layering.budget } : {}) } }),
    ...(recipe.certificates === undefined ? {} : { certificates: { additional: recipe.certificates.additional, providers: recipe.certificates.providers } }),
  }
}

/** The table has checked that it is one of them. */
function pathType(type: string): NonNullable<ImageConfiguration['paths']>[number]['type'] {
  switch (type) {
    case 'empty-file':
    case 'hardlink':
    case 'symlink':
    case 'permissions':
      return type
    default:
      return 'directory'
  }
}
