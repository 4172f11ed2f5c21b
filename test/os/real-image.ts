import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Whether a peer is on this machine: a test without its peer skips by name. */
export function installed(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** Unpacks an OCI layout with umoci, whose tar reader is not ours, and gives the root's folder. */
export function umociUnpack(layout: string, name: string): { readonly root: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nacre-umoci-'))
  execFileSync('umoci', ['unpack', '--rootless', '--image', `${layout}:${name}`, join(folder, 'bundle')], { stdio: 'pipe' })
  return { root: join(folder, 'bundle', 'rootfs'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs a program of an unpacked root with nothing of nacre's: a user namespace and chroot. */
export function runInRoot(root: string, argv: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const ran = spawnSync('unshare', ['-Ur', 'chroot', root, ...argv], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } })
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr }
}

/** Verifies the signature of a signed apk or index by openssl: the first gzip member holds it, the rest of the head is what it signs. */
export function opensslVerifies(file: string, publicKey: string): boolean {
  const bytes = readFileSync(file)
  const [signature, signed] = members(bytes)
  if (signature === undefined || signed === undefined) return false
  const folder = mkdtempSync(join(tmpdir(), 'nacre-openssl-'))
  try {
    const tar = gunzipSync(signature)
    const size = Number.parseInt(tar.toString('latin1', 124, 135), 8)
    writeFileSync(join(folder, 'signature'), tar.subarray(512, 512 + size))
    writeFileSync(join(folder, 'signed'), signed)
    return spawnSync('openssl', ['dgst', '-sha256', '-verify', publicKey, '-signature', join(folder, 'signature'), join(folder, 'signed')]).status === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first two gzip members: python's zlib finds where they end, so that our own splitter is not what judges. */
function members(bytes: Buffer): readonly (Buffer | undefined)[] {
  const script = 'import sys,zlib\nb=sys.stdin.buffer.read()\nat=0\nfor _ in range(2):\n d=zlib.decompressobj(31)\n d.decompress(b[at:])\n n=len(b)-len(d.unused_data)\n print(at,n)\n at=n\n if at>=len(b): break'
  const out = spawnSync('python3', ['-c', script], { input: bytes, encoding: 'utf8', maxBuffer: 1 << 20 })
  return out.stdout.trim().split('\n').map((line) => {
    const [from, to] = line.split(' ').map(Number)
    return from === undefined || to === undefined ? undefined : bytes.subarray(from, to)
  })
}

export function listed(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort()
}
