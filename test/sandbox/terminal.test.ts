import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { top } from '../rig.ts'
import { Box, subjects } from './box.ts'

const driver = `
const [name, lower, upper, work, script] = process.argv.slice(2)
const sandbox = (await import('./engine/sandbox/' + name + '.js'))[name + 'Sandbox']
process.on('SIGINT', () => undefined)
const exit = await sandbox.run({
  lowers: [lower], upper, work, mounts: [], argv: ['sh', '-c', script], directory: '/', environment: { PATH: '/bin' },
  hostname: 'nacre', limits: {}, output: () => undefined, stdio: 'inherit',
}, new AbortController().signal)
console.log(JSON.stringify(exit))
`
/** script(1) of util-linux gives a command a terminal. */
const script = '/usr/bin/script'

for (const { name, sandbox, why } of subjects) {
  describe.skipIf(sandbox === undefined)(`the sandbox of ${name} on the caller's own streams${why}`, () => {
    const prepare = (box: Box, command: string): readonly [string, ...string[]] => {
      const code = box.make('code')
      for (const floor of ['base', 'engine']) cpSync(join(top, 'dist', floor), join(code, floor), { recursive: true })
      writeFileSync(join(code, 'package.json'), '{"type":"module"}')
      writeFileSync(join(code, 'driver.js'), driver)
      return [process.execPath, join(code, 'driver.js'), name, box.lower, box.make('upper'), box.make('work'), command]
    }

    it('reads stdin, keeps stdout and stderr apart, and passes the exit code on', async () => {
      await using box = new Box()
      const [program, ...rest] = prepare(box, 'cat; echo apart >&2; exit 6')
      const ran = spawnSync(program, rest, { encoding: 'utf8', input: 'typed\n' })
      expect(ran).toMatchObject({ stdout: 'typed\n{"kind":"exited","code":6}\n', stderr: 'apart\n' })
    })

    it.skipIf(!existsSync(script))('has a terminal, and Ctrl-C reaches the command alone', async () => {
      await using box = new Box()
      const [program, ...rest] = prepare(box, "[ -t 0 ] && [ -t 1 ] && echo terminal; trap 'echo caught; exit 9' INT; kill -INT -$$ 2>/dev/null; echo ready; n=0; while [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done")
      const words = [program, ...rest].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
      const feeder = `{ sleep 1.5; printf '\\003'; sleep 3; } | ${script} -qec ${`'${words.replaceAll("'", "'\\''")}'`} /dev/null`
      const ran = spawnSync('/bin/sh', ['-c', feeder], { encoding: 'utf8' })
      expect(ran.stdout.replaceAll('\r', '')).toMatch(/^terminal\nready\n(\^C)?caught\n{"kind":"exited","code":9}\n$/)
    })
  })
}
