import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { top } from '../rig.ts'
import { recipe, Tiny } from './tiny.ts'

const program = [process.execPath, join(top, 'bin', 'nacre.js')]
const isRoot = process.getuid?.() === 0

function has(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}

/** Runs nacre behind another program. */
function behind(tiny: Tiny, wrapper: readonly string[], argv: readonly string[], environment: Readonly<Record<string, string>> = {}): SpawnSyncReturns<string> {
  const [first = '', ...rest] = [...wrapper, ...program, ...argv]
  return spawnSync(first, rest, { cwd: tiny.workspace, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: tiny.folder, NACRE_STORE: tiny.store, TERM: 'xterm', ...environment } })
}

const inMounts = isRoot ? ['unshare', '-m', '--'] : ['unshare', '-r', '-m', '--']

describe('where it prints', () => {
  it('gives a pipe plain lines, and --json one object a line', async () => {
    await using tiny = new Tiny()
    const plain = await tiny.nacre(['build', 'letters'])
    expect(plain.code).toBe(0)
    expect(`${plain.stdout}${plain.stderr}`).not.toContain('\u001b')
    expect(plain.stderr.split('\n').filter((line) => line !== '').every((line) => /^(ran|cut off) /.test(line))).toBe(true)
    expect(plain.stdout).toMatch(/\n[0-9]+ ran, [0-9]+ hit, 0 cut off, 0 failed in [^\n]+\n$/)
    const json = await tiny.nacre(['build', 'greeting', '--json'])
    const lines = json.stdout.trim().split('\n').map((line): unknown => JSON.parse(line))
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.every((line) => typeof line === 'object' && line !== null)).toBe(true)
    expect(lines.at(-1)).toMatchObject({ failed: 0, cutOff: 0 })
    expect(json.stderr).toBe('')
  })

  it.skipIf(!has('script'))('gives a terminal a live view, and leaves the lines behind', async () => {
    await using tiny = new Tiny({ 'recipes/slow.yaml': recipe('slow', 'sleep 1') })
    const log = join(tiny.folder, 'typescript')
    const command = [...program, 'build', 'slow'].map((word) => `'${word}'`).join(' ')
    const ran = spawnSync('script', ['-qec', command, log], { cwd: tiny.workspace, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: tiny.folder, NACRE_STORE: tiny.store, TERM: 'xterm' } })
    const seen = readFileSync(log, 'utf8')
    expect(ran.status).toBe(0)
    expect(seen).toMatch(/\u001b\[/)
    expect(seen).toContain('build slow 1.0-r0')
    expect(seen).toMatch(/0 failed in/)
  })
})

describe('a machine', () => {
  it.skipIf(!isRoot || !has('setpriv'))('lets an ordinary user build, with a home and a store of its own', async () => {
    await using tiny = new Tiny()
    const code = join(tiny.folder, 'program')
    chmodSync(tiny.folder, 0o755)
    for (const part of ['bin', 'dist', 'recipes', 'node_modules', 'package.json']) {
      if (part === 'dist' || part === 'bin' || part === 'package.json') cpSync(join(top, part), join(code, part), { recursive: true, dereference: true })
      else symlinkSync(join(top, part), join(code, part))
    }
    const home = join(tiny.folder, 'home')
    mkdirSync(home)
    chownSync(home, 65_534, 65_534)
    for (const sandbox of ['bubblewrap', 'namespaces']) {
      const ran = spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, join(code, 'bin', 'nacre.js'), 'build', 'image:card', '--force', '--sandbox', sandbox], {
        cwd: tiny.workspace,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', HOME: home },
      })
      expect(ran.stderr).not.toMatch(/error|defect/)
      expect(ran.status).toBe(0)
    }
    expect(existsSync(join(home, '.cache', 'nacre', 'v1', 'cas'))).toBe(true)
  })

  it('that has few processes of its own, a container say, runs both sandboxes', async () => {
    await using tiny = new Tiny()
    const wrapper = [...(isRoot ? ['unshare'] : ['unshare', '-r']), '--pid', '--fork', '--mount', '--mount-proc', '--']
    for (const sandbox of ['bubblewrap', 'namespaces']) {
      const ran = behind(tiny, wrapper, ['build', 'letters', '--force', '--sandbox', sandbox])
      expect(ran.stderr).not.toContain('failed')
      expect(ran.status).toBe(0)
    }
  })

  it('that permits no namespaces answers 3 and says what permits them; what needs none is still built', async () => {
    await using tiny = new Tiny()
    // A user namespace in which no further one may be made.
    const wrapper = ['unshare', '-r', '--', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', 'sh']
    const ran = behind(tiny, wrapper, ['build', 'letters'])
    expect(ran.stderr).toContain('error[sandbox/unavailable]')
    expect(ran.stderr).toContain('max_user_namespaces')
    expect(ran.status).toBe(3)
    const again = await tiny.build(['letters'])
    expect(again.code).toBe(0)
    expect(again.hit).toContain('package:tools/import')
  })

  it('whose disk is full answers 3 and loses nothing', async () => {
    await using tiny = new Tiny({ 'recipes/large.yaml': recipe('large', 'head -c 60000000 /dev/urandom > "${{targets.destdir}}/large"') })
    mkdirSync(tiny.store)
    const script = 'mount -t tmpfs -o size=24m tmpfs "$1" && shift && "$@" build letters; echo "first $?"; "$@" build large; echo "full $?"; "$@" build letters poem; echo "after $?"; "$@" cache verify; echo "verify $?"'
    const ran = behind(tiny, [...inMounts, 'sh', '-c', script, 'sh', tiny.store], [])
    expect(ran.stdout).toContain('first 0\n')
    expect(ran.stdout).toContain('after 0\n')
    expect(ran.stdout).toContain('verify 0\n')
    expect(ran.stderr).not.toContain('defect')
    expect(ran.stdout).toContain('full 3\n')
    expect(ran.stderr).toContain('error[machine/fault]')
  })
})
