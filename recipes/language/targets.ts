import { ociArch } from './environment.ts'
import type { PackageRecipe } from './schema/package.ts'
import type { Variables } from './substitute.ts'

/** Where a build works, and where it leaves its packages. */
export const WORKSPACE = '/home/build'
export const OUTPUTS = '/home/build/melange-out'

/** What depends on the architecture and the recipe alone. Source: melange pkg/build/compile.go and facts/recipes.md 1.6. */
export function platformVariables(recipe: PackageRecipe, arch: string): Variables {
  const names = [recipe.package.name, ...recipe.subpackages.map((one) => one.name)]
  const vendor = VENDORS[arch] ?? 'unknown'
  return new Map([
    ['package.srcdir', WORKSPACE],
    ['targets.outdir', OUTPUTS],
    ['build.arch', arch],
    ['build.goarch', ociArch(arch)],
    ['host.triplet.gnu', `${arch}-${vendor}-linux-gnu`],
    ['host.triplet.rust', `${arch}-unknown-linux-gnu`],
    ['cross.triplet.gnu.glibc', `${arch}-${vendor}-linux-gnu`],
    ['cross.triplet.gnu.musl', `${arch}-${vendor}-linux-musl`],
    ['cross.triplet.rust.glibc', `${arch}-unknown-linux-gnu`],
    ['cross.triplet.rust.musl', `${arch}-unknown-linux-musl`],
    ...names.map((name) => [`targets.package.${name}`, `${OUTPUTS}/${name}`] as const),
  ])
}

const VENDORS: Readonly<Record<string, string>> = { x86_64: 'pc', x86: 'pc', s390x: 'ibm' }

/** What depends on the package that the steps belong to: the main one, or a subpackage. */
export function outputVariables(main: string, subpackage: string | undefined): Variables {
  const values = new Map([
    ['targets.destdir', `${OUTPUTS}/${main}`],
    ['targets.contextdir', `${OUTPUTS}/${subpackage ?? main}`],
    ['context.name', subpackage ?? main],
  ])
  if (subpackage === undefined) return values
  return values.set('subpkg.name', subpackage).set('targets.subpkgdir', `${OUTPUTS}/${subpackage}`)
}
