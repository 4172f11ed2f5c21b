import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { Links } from '../../engine/sandbox/links.ts'
import { mountFlags, parseMountinfo, pointsBelow } from '../../engine/sandbox/mountinfo.ts'
import { unavailableHint } from '../../engine/sandbox/hint.ts'
import { Box } from './box.ts'

describe('links to lowers', () => {
  it('are made once for each lower, with short names', async () => {
    await using box = new Box()
    const links = new Links(box.make('links'))
    const lowers = Array.from({ length: 600 }, (_, i) => absPath(`/no/such, folder:${i % 500}`))
    const names = lowers.map((lower) => links.name(lower))
    expect(readdirSync(links.folder)).toHaveLength(500)
    expect(names.slice(0, 100)).toEqual(names.slice(500))
    expect(names.slice(0, 500).map((name) => `l/${name}:`).join('').length).toBeLessThan(3900)
    expect(readlinkSync(join(links.folder, names[499] ?? ''))).toBe(lowers[499])
  })
})

describe('mountinfo', () => {
  const points = parseMountinfo(`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:5 / /with\\040space rw,nosuid,nodev - tmpfs t rw
24 23 0:5 / /with\\040space/below ro,noexec - tmpfs t rw
25 22 0:5 / /with rw,noexec - tmpfs t rw
`)
  it('tells what the mount that holds a path forbids', () => {
    expect(mountFlags(points, '/with space/x')).toEqual(['nosuid', 'nodev'])
    expect(mountFlags(points, '/with space/below/x')).toEqual(['noexec'])
    expect(mountFlags(points, '/without')).toEqual([])
  })
  it('tells the mounts below a path', () => {
    expect(pointsBelow(points, '/with space')).toEqual(['/with space/below'])
    expect(pointsBelow(points, '/with')).toEqual([])
  })
})

describe('the hint of a machine without sandboxes', () => {
  const cases: readonly (readonly [reason: string, values: Readonly<Record<string, string>>, hint: RegExp])[] = [
    ['spawn unshare ENOENT', {}, /^Install util-linux/],
    ['sandbox: 4: hostname: not found', {}, /^Install hostname$/],
    ['unshare: unshare failed: Operation not permitted', { '/proc/sys/kernel/unprivileged_userns_clone': '0' }, /sysctl -w kernel.unprivileged_userns_clone=1/],
    ['unshare: unshare failed: No space left on device', { '/proc/sys/user/max_user_namespaces': '0' }, /sysctl -w user.max_user_namespaces/],
    ['mount: root: permission denied.', { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }, /apparmor_restrict_unprivileged_userns=0/],
    ["mount: root: unknown filesystem type 'overlay'.", {}, /modprobe overlay/],
    ['mount: root: wrong fs type, bad option, bad superblock on overlay', {}, /Linux 5.11/],
    ['unshare: unshare failed: Operation not permitted', {}, /docker run/],
    ['The mount point "/a" leads through a symbolic link', {}, /path that the link leads to/],
  ]
  it.each(cases)('for "%s" says how to mend it', (reason, values, hint) => {
    expect(unavailableHint(reason, (path) => values[path])).toMatch(hint)
  })
})
