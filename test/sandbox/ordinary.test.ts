import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { top } from '../rig.ts'
import { Box, subjects } from './box.ts'

/** Runs as another user, so it is plain JavaScript over a copy of the compiled sandbox. */
const driver = `
import { mkdirSync } from 'node:fs'
import { lstatSync } from 'node:fs'
import { removeTree } from './engine/sandbox/remove.js'
const [name, lower, folder] = process.argv.slice(2)
const module = await import('./engine/sandbox/' + name + '.js')
const sandbox = module[name + 'Sandbox']
for (const part of ['', '/upper', '/work', '/mount']) mkdirSync(folder + part)
let text = ''
const exit = await sandbox.run({
  lowers: [lower], upper: folder + '/upper', work: folder + '/work', argv: ['sh', '-c', process.argv[5]], directory: '/', environment: { PATH: '/bin' },
  mounts: [{ source: folder + '/mount', target: '/mnt', writable: true }],
  hostname: 'nacre', limits: { seconds: 20 }, output: (chunk) => { text += chunk },
}, new AbortController().signal)
const uid = lstatSync(folder + '/upper/made').uid
await removeTree(folder)
console.log(JSON.stringify({ exit, text, uid, user: process.getuid() }))
`

for (const { name, sandbox, why } of subjects) {
  describe.skipIf(sandbox === undefined)(`the sandbox of ${name} for an ordinary user${why}`, () => {
    it('works, maps uid 0 to that user, and cleans up', async () => {
      await using box = new Box()
      chmodSync(box.folder, 0o755)
      const code = box.make('code')
      for (const floor of ['base', 'engine']) cpSync(join(top, 'dist', floor), join(code, floor), { recursive: true })
      writeFileSync(join(code, 'package.json'), '{"type":"module"}')
      writeFileSync(join(code, 'driver.js'), driver)
      const own = join(box.folder, 'own')
      mkdirSync(own)
      chmodSync(own, 0o777)
      const script = 'id -u; hostname; mkdir -m 0 /made; echo x >/mnt/file; ls -n /mnt/file | cut -d" " -f1; echo broken >/etc/inside; ls -n /etc/inside | wc -l; ip -o link | wc -l'
      const command = [process.execPath, join(code, 'driver.js'), name, box.lower, join(own, 'run'), script]
      const become = process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []
      const [program = '', ...rest] = [...become, ...command]
      const ran = spawnSync(program, rest, { cwd: own, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' } })
      expect(ran.stderr).toBe('')
      const told: { exit: unknown; text: string; uid: number; user: number } = JSON.parse(ran.stdout)
      expect(told.exit).toEqual({ kind: 'exited', code: 0 })
      expect(told.user).not.toBe(0)
      expect(told.uid).toBe(told.user)
      expect(told.text).toMatch(/^0\nnacre\n-rw-r--r--\n/)
    })
  })
}
