import { describe, expect, it } from 'vitest'
import { FileServer, tinyOs } from '../cli/tiny-os.ts'
import { Rig } from '../rig.ts'
import { counts, task, text } from './task-rig.ts'

describe('a task on packages', () => {
  it('runs in the sandbox on them, sees its inputs and needs alone, and its outputs appear', async () => {
    await using server = await FileServer.start()
    await using rig = new Rig({
      ...tinyOs(server),
      'tasks.yaml': [
        task('greet', 'packages: [hello]\ninputs: [in/name]\nneeds: [plain]\nrun: |\n  hello "$(cat in/name)" > out\n  cat plain >> out\n  echo * $OWN $HOME >> out\noutputs: [out]\nenvironment: {OWN: own}'),
        task('plain', 'run: echo plain > plain\noutputs: [plain]'),
        task('unpack', 'needs: [package:hello]\nrun: cp usr/bin/hello copied\noutputs: [copied]'),
        task('fails', 'packages: [base]\nrun: |\n  [ -f missing ] && echo found\n'),
        task('slow', 'packages: [base]\ntimeout: 1s\nrun: while true; do :; done'),
        task('unknown', 'packages: [bsae]\nrun: "true"'),
      ].join('---\n'),
      'in/name': 'you',
      'in/other': 'undeclared',
    })
    const built = await rig.nacre(['build', 'greet', 'unpack'])
    expect(built, built.stderr).toMatchObject({ code: 0 })
    expect(text(rig, 'out')).toBe('hello you\nplain\nin out plain own /var/cache/nacre/task/home\n')
    expect(text(rig, 'copied')).toBe('echo hello "$@"\n')
    expect((await rig.nacre(['build', 'greet', 'unpack'])).stdout).toContain('nothing changed')
    rig.write({ 'in/name': 'them' })
    expect(counts(await rig.nacre(['build', 'task:greet']))).toMatch(/^1 ran, \d+ hit, 0 cut off, 0 failed$/)
    expect(text(rig, 'out')).toContain('hello them\n')
    const failing = await rig.nacre(['build', 'fails'])
    expect(failing).toMatchObject({ code: 1 })
    expect(failing.stderr).toContain('ended with code 1')
    expect((await rig.nacre(['build', 'slow'])).stderr).toContain('took longer than 1 s')
    const unknown = await rig.nacre(['build', 'unknown'])
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.stderr).toContain('did you mean "base"?')
  })
})
