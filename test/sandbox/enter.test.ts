import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { writeEnterScript } from '../../engine/sandbox/enter.ts'
import { tokensInside } from '../../engine/sandbox/jobserver.ts'
import { Box, subjects } from './box.ts'

for (const { name, sandbox, why } of subjects) {
  describe.skipIf(sandbox === undefined)(`a kept sandbox of ${name}${why}`, () => {
    it('can be entered again and again, with what was left there', async () => {
      await using box = new Box("nacre kept ' ")
      const source = box.make('source')
      writeFileSync(join(source, 'file'), 'mounted\n')
      const gone = absPath(join(box.make('gone'), 'tokens'))
      writeFileSync(gone, '')
      const spec = box.spec(['sh', '-c', 'echo left >/left; exit 3'], {
        mounts: [{ source, target: '/home/build', writable: true }, { source: gone, target: tokensInside, writable: true }],
        environment: { PATH: '/bin', ODD: "it's\n$x", MAKEFLAGS: '-j --jobserver-auth=8,9' },
        directory: '/home/build',
        hostname: 'kept',
        limits: { seconds: 30, memory: 2 ** 30 },
      })
      expect(await sandbox?.run(spec, new AbortController().signal)).toEqual({ kind: 'exited', code: 3 })
      const enter = writeEnterScript(spec, box.folder)
      spawnSync('rm', ['-r', box.make('gone')])
      const script = 'cat /left file; pwd; hostname; id -u; echo "$ODD$MAKEFLAGS"; ip -o link | wc -l; echo more >>/left; exit 7'
      for (const left of ['left\n', 'left\nmore\n']) {
        const ran = spawnSync(enter, ['sh', '-c', script], { encoding: 'utf8', cwd: '/' })
        expect(ran).toMatchObject({ status: 7, stderr: '', stdout: `${left}mounted\n/home/build\nkept\n0\nit's\n$x\n1\n` })
      }
      const typed = spawnSync(enter, [], { encoding: 'utf8', cwd: '/', input: 'echo typed >/typed; cat /left; exit 4\n' })
      expect(typed).toMatchObject({ status: 4, stdout: 'left\nmore\nmore\n' })
      expect(readFileSync(join(box.upper, 'typed'), 'utf8')).toBe('typed\n')
      expect(existsSync('/left')).toBe(false)
    })
  })
}
