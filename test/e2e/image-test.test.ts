import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Tiny } from './tiny.ts'

const image = (expectation: string): string => `name: bare
contents:
  packages: [greeting]
archs: [x86_64]
test:
  packages: [tools]
  commands:
    - run: [/usr/bin/busybox, cat, /usr/share/greeting/words]
      expect: ${expectation}
`

const tiny = new Tiny({ 'recipes/bare.yaml': image('^good morning$') })
afterAll(() => tiny[Symbol.asyncDispose]())

/** The paths in all gzipped layers of an OCI layout. */
function filesOf(layout: string): readonly string[] {
  const blobs = join(layout, 'blobs', 'sha256')
  return readdirSync(blobs).flatMap((name) => {
    try {
      return execFileSync('tar', ['-tzf', join(blobs, name)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')
    } catch {
      return [] // A manifest or configuration.
    }
  })
}

describe('an image that holds nothing to run', () => {
  it('is tested with other packages under it, which are not in it', async () => {
    const built = await tiny.build(['image:bare'])
    expect(built.code).toBe(0)
    expect(built.ran).toContain('image:bare/test')
    expect(built.stderr).not.toContain('nacre run')
    expect((await tiny.nacre(['export', 'image:bare', '--to', 'oci:out'])).code).toBe(0)
    expect(filesOf(join(tiny.workspace, 'out')).filter((path) => path.startsWith('usr/') && !path.startsWith('usr/lib/apk/') && !path.endsWith('/'))).toEqual(['usr/share/greeting/words'])
  })

  it('fails when these find another thing in it, and is not tested again when they are the same', async () => {
    tiny.edit('recipes/greeting.yaml', "echo 'good morning'", "echo 'good evening'")
    const failed = await tiny.build(['image:bare'])
    expect(failed.failed).toEqual(['image:bare/test'])
    tiny.write({ 'recipes/bare.yaml': image('^good evening$') })
    expect((await tiny.build(['image:bare'])).code).toBe(0)
    tiny.edit('recipes/tools.yaml', 'epoch: 0', 'epoch: 1')
    const again = await tiny.build(['image:bare'])
    expect(again.failed).toEqual([])
    expect(again.ran.filter((id) => id.startsWith('image:bare'))).toEqual([])
  })
})
