import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Built, Tiny } from './tiny.ts'

/** Each step says in the log that it ran, and leaves all that a build may leave behind between two steps. */
function recipe(install: string): string {
  return `package:
  name: stepped
  version: 1.0
  epoch: 0
  description: Made by a test
  copyright:
    - license: MIT

environment:
  contents:
    packages: [tools]

pipeline:
  - name: prepare
    runs: |
      echo ran prepare
      echo source > source
      touch -d '2001-02-03 04:05:06' source
      ln source linked
      mkfifo pipe
      echo kept > /tmp/between
      mkdir -p /usr/share/stepped /var/made
      echo root > /usr/share/stepped/file
      rm -f /etc/removed
      mkdir -m 711 odd
  - name: compile
    runs: |
      echo ran compile
      test -p pipe
      test "$(cat /tmp/between /usr/share/stepped/file)" = "kept
      root"
      # As make does: nothing is older than what it was made of.
      if [ object -nt source ]; then exit 3; fi
      cat source > object
      mv /var/made /var/moved 2>/dev/null || { mkdir -p /var/moved; rmdir /var/made; }
  - name: install
    runs: |
      echo ran install
      test object -nt source
      test "$(date -r source +%Y)" = 2001
      echo more >> linked
      d="\${{targets.destdir}}/usr/share/stepped"
      mkdir -p "$d"
      cp object source linked /usr/share/stepped/file /tmp/between "$d"
      ls -ld odd | cut -c1-10 > "$d/odd"
      ls /var | grep -c moved > "$d/moved"
${install}
`
}

function logOf(built: Built): string {
  return built.events.flatMap((event) => ('text' in event ? [String(event.text)] : [])).join('')
}

function stepsRun(built: Built): readonly string[] {
  return [...logOf(built).matchAll(/^ran (\w+)$/gm)].map(([, name]) => name ?? '')
}

const broken = '      exit 9'
const mended = '      echo done > "$d/done"'

describe('a build that keeps its steps', () => {
  it.each(['bubblewrap', 'namespaces'])('in %s goes on at the step that failed, and makes what a build in one go makes', async (sandbox) => {
    await using tiny = new Tiny({ 'recipes/stepped.yaml': recipe(broken) })
    const failed = await tiny.build(['stepped', '--keep-steps', '--sandbox', sandbox])
    expect(failed.code).toBe(1)
    expect(stepsRun(failed)).toEqual(['prepare', 'compile', 'install'])
    expect(failed.events.find(({ kind }) => kind === 'failed')?.failure).toMatchObject({ kind: 'exit', code: 9, step: 'install' })

    tiny.write({ 'recipes/stepped.yaml': recipe(mended) })
    const resumed = await tiny.build(['stepped', '--keep-steps', '--sandbox', sandbox])
    expect(resumed.code).toBe(0)
    expect(stepsRun(resumed)).toEqual(['install'])
    expect(logOf(resumed)).toContain('step "compile" is as it was')
    expect((await tiny.nacre(['export', 'stepped', '--to', join(tiny.folder, 'stepped')])).code).toBe(0)

    await using other = new Tiny({ 'recipes/stepped.yaml': recipe(mended) })
    cpSync(join(tiny.store, 'keys'), join(other.store, 'keys'), { recursive: true })
    expect((await other.nacre(['export', 'stepped', '--to', join(other.folder, 'whole'), '--sandbox', sandbox])).code).toBe(0)
    const apk = (folder: string): Buffer => readFileSync(join(folder, 'x86_64', 'stepped-1.0-r0.apk'))
    expect(apk(join(tiny.folder, 'stepped')).equals(apk(join(other.folder, 'whole')))).toBe(true)
  })

  it('begins at the step that was changed, and has the key that a build in one go has', async () => {
    await using tiny = new Tiny({ 'recipes/stepped.yaml': recipe(mended) })
    expect(stepsRun(await tiny.build(['stepped', '--keep-steps']))).toEqual(['prepare', 'compile', 'install'])
    expect((await tiny.build(['stepped', '--seed', '1'])).ran).toEqual([])
    tiny.edit('recipes/stepped.yaml', 'echo ran compile', 'echo ran compile; : changed')
    expect(stepsRun(await tiny.build(['stepped', '--keep-steps']))).toEqual(['compile', 'install'])
    tiny.edit('recipes/stepped.yaml', 'echo ran prepare', 'echo ran prepare; : changed')
    expect(stepsRun(await tiny.build(['stepped', '--keep-steps']))).toEqual(['prepare', 'compile', 'install'])
  })

  it('forgets what was kept when the store must shrink, and builds all the same', async () => {
    await using tiny = new Tiny({ 'recipes/stepped.yaml': recipe(broken) })
    await tiny.build(['stepped', '--keep-steps'])
    const steps = join(tiny.store, 'v1', 'steps')
    expect(readdirSync(steps)).toHaveLength(2)
    // A damaged one is as good as none.
    writeFileSync(join(steps, 'stray'), '')
    expect((await tiny.nacre(['cache', 'gc', '--max-size', '1K'])).code).toBe(0)
    expect(existsSync(steps) ? readdirSync(steps) : []).toEqual([])
    tiny.write({ 'recipes/stepped.yaml': recipe(mended) })
    expect(stepsRun(await tiny.build(['stepped', '--keep-steps']))).toEqual(['prepare', 'compile', 'install'])
  })
})
