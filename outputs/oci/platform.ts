/** The names that OCI uses (Go's): GOARCH, GOARM. */
export interface Platform {
  readonly architecture: string
  readonly os: 'linux'
  readonly variant?: string
}

/** apk's architecture names and their platforms; `arm64` has variant v8 by OCI's own table, which apko leaves out, as nacre does. */
const platforms: Readonly<Record<string, Platform>> = {
  x86: { architecture: '386', os: 'linux' },
  x86_64: { architecture: 'amd64', os: 'linux' },
  aarch64: { architecture: 'arm64', os: 'linux' },
  armhf: { architecture: 'arm', os: 'linux', variant: 'v6' },
  armv7: { architecture: 'arm', os: 'linux', variant: 'v7' },
  loongarch64: { architecture: 'loong64', os: 'linux' },
  ppc64le: { architecture: 'ppc64le', os: 'linux' },
  riscv64: { architecture: 'riscv64', os: 'linux' },
  s390x: { architecture: 's390x', os: 'linux' },
}

/** The platform of an apk architecture; an unknown one keeps its name. */
export function platformOf(apkArch: string): Platform {
  return platforms[apkArch] ?? { architecture: apkArch, os: 'linux' }
}

/** apk's name of an architecture written in either way (`amd64`, `arm/v7`, `x86_64`). */
export function apkArchOf(name: string): string {
  if (platforms[name] !== undefined) return name
  const [architecture, variant] = name.split('/')
  const found = Object.entries(platforms).find(([, p]) => p.architecture === architecture && (variant === undefined || p.variant === undefined || p.variant === variant))
  return found?.[0] ?? name
}
