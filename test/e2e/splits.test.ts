import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { recipe, Tiny } from './tiny.ts'

const dest = '${{targets.destdir}}'

describe('splits that run beside each other', () => {
  it('give what they would give one after the other', async () => {
    const script = [
      `cd "${dest}"`,
      'mkdir -p usr/share/man/man1 usr/share/locale/de usr/share/info usr/lib usr/include kept/empty shared',
      'echo x > usr/share/man/man1/x.1; echo x > usr/share/locale/de/x.mo; echo x > usr/share/info/x.info',
      'echo x > usr/include/x.h; echo x > usr/lib/libx.a; chmod 640 usr/lib/libx.a',
      'echo x > shared/file; mkdir -m 700 private; echo x > private/file',
    ].join('\n')
    const splits = ['manpages', 'locales', 'infodir', 'dev', 'alldocs'].map((name) => `  - name: mixed-${name}\n    pipeline:\n      - uses: split/${name}\n`).join('')
    await using tiny = new Tiny({ 'recipes/mixed.yaml': recipe('mixed', script, `\nsubpackages:\n${splits}`) })
    const built = await tiny.nacre(['export', 'mixed', 'mixed-manpages', 'mixed-locales', 'mixed-infodir', 'mixed-dev', 'mixed-alldocs', '--to', join(tiny.folder, 'out')])
    expect(built.stderr).not.toContain('error')
    expect(built.code).toBe(0)
    const files = (name: string): readonly string[] =>
      execFileSync('tar', ['-tzf', join(tiny.folder, 'out', 'x86_64', `${name}-1.0-r0.apk`)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
        .split('\n')
        .filter((path) => path !== '' && !path.startsWith('.') && !path.startsWith('var'))
        .sort()
    expect(files('mixed')).toEqual(['kept', 'kept/empty', 'private', 'private/file', 'shared', 'shared/file'].map((path) => (/file$/.test(path) ? path : `${path}/`)).sort())
    expect(files('mixed-manpages').at(-1)).toBe('usr/share/man/man1/x.1')
    expect(files('mixed-locales').at(-1)).toBe('usr/share/locale/de/x.mo')
    expect(files('mixed-infodir').at(-1)).toBe('usr/share/info/x.info')
    expect(files('mixed-dev').filter((path) => !path.endsWith('/'))).toEqual(['usr/include/x.h', 'usr/lib/libx.a'])
    // Everything that it would have moved was taken before it.
    expect(files('mixed-alldocs')).toEqual([])
  })
})
