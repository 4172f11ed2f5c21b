import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absPath } from '../../base/ids.ts'
import { removeTree } from '../../engine/sandbox/remove.ts'
import { Box, done, subjects } from './box.ts'

for (const { name, sandbox, why } of subjects) {
  describe.skipIf(sandbox === undefined)(`the sandbox of ${name}${why}`, () => {
    describe('network', () => {
      it('has no interface but a loopback that is down', async () => {
        await using box = new Box()
        const { exit, text } = await box.sh(sandbox, 'ip -o link; cat /proc/net/route | tail -n +2')
        expect(exit).toEqual(done)
        expect(text.trim().split('\n')).toHaveLength(1)
        expect(text).toMatch(/ lo: <LOOPBACK> /)
      })

      it("can't reach a server on the host's loopback", async () => {
        await using box = new Box()
        let met = 0
        const server = createServer(() => met++)
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const address = server.address()
        const port = typeof address === 'object' && address !== null ? address.port : 0
        for (const network of ['none', 'loopback'] as const) {
          const { exit, text } = await box.sh(sandbox, `nc -w 2 127.0.0.1 ${port} </dev/null; echo "ended $?"`, { network })
          expect(exit).toEqual(done)
          expect(text).toMatch(/ended [1-9]/)
        }
        server.close()
        expect(met).toBe(0)
      })

      it("can't reach an abstract socket of the host", async () => {
        await using box = new Box()
        const server = createServer()
        await new Promise<void>((resolve) => server.listen(`\0nacre-${process.pid}-${name}`, resolve))
        const { text } = await box.sh(sandbox, 'cat /proc/net/unix')
        server.close()
        expect(text).toMatch(/^Num/)
        expect(text).not.toContain('nacre-')
      })

      it('gives a server test a loopback of its own on request', async () => {
        await using box = new Box()
        // The server's standard input stays open: at its end busybox's nc closes its side, and a client that sees that first leaves without a word.
        const script = 'mkfifo /open; exec 3<>/open; nc -l -p 80 <&3 >/got & n=0; until echo hello | nc 127.0.0.1 80 2>/dev/null; do n=$((n+1)); [ $n -lt 200 ] || exit 9; usleep 20000; done; wait; cat /got'
        const { exit, text } = await box.sh(sandbox, script, { network: 'loopback' })
        expect(exit).toEqual(done)
        expect(text).toBe('hello\n')
      })
    })

    describe('files of the host', () => {
      it('are not there, and no old root is left', async () => {
        await using box = new Box()
        const { exit, text } = await box.sh(sandbox, 'ls -A /; echo --; ls -A /etc /tmp; echo --; cat /proc/self/mountinfo', { lowers: [box.lower] })
        expect(exit).toEqual(done)
        const [roots, inner, mounts] = text.split('--\n')
        expect(roots?.trim().split('\n')).toEqual(['bin', 'dev', 'etc', 'proc', 'tmp'])
        expect(inner).not.toContain('hostname')
        const points = (mounts ?? '').trim().split('\n').map((line) => line.split(' ')[4])
        expect(points.filter((point) => !/^\/($|proc|dev|tmp)/.test(point ?? '/'))).toEqual([])
      })

      it('are not behind any link of /proc', async () => {
        await using box = new Box()
        const secret = join(box.folder, 'secret')
        writeFileSync(secret, 'secret')
        const script = 'for p in /proc/[0-9]*; do for at in root cwd fd/0 fd/1 fd/2 fd/3 fd/4; do cat "$p/$at$1" "$p/$at/../../../../../..$1"; done; done 2>/dev/null; echo "ended"'
        const { text } = await box.run(sandbox, ['sh', '-c', script, 'sh', secret])
        expect(text).toBe('ended\n')
      })

      it('are not reached by a symlink that stays behind as just a symlink', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'ln -s /etc/passwd link; ln -s ../../../../../../../etc/hostname up; cat link up; ln -s / dir; cat dir/etc/hostname')
        expect(text.match(/No such file/g)).toHaveLength(3)
        expect(readlinkSync(join(box.upper, 'link'))).toBe('/etc/passwd')
        expect(lstatSync(join(box.upper, 'dir')).isSymbolicLink()).toBe(true)
        expect(existsSync('/etc/passwd')).toBe(true)
      })

      it("leave no name of theirs in init's command line", async () => {
        await using box = new Box('nacre-visible-')
        const source = box.make('source')
        const { text } = await box.sh(sandbox, 'cat /proc/1/cmdline /proc/self/cmdline', { mounts: [{ source, target: '/in', writable: false }] })
        expect(text).toContain('/proc/self/cmdline')
        expect(text).not.toContain('nacre-visible-')
      })

      it('are not in /sys, and what /proc lets one write is read-only', async () => {
        await using box = new Box()
        const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8')
        const { text } = await box.sh(sandbox, 'ls /sys; echo broken >/proc/sys/kernel/core_pattern; echo b >/proc/sysrq-trigger; mount -o remount,rw /proc/sys; umount /proc/sys; echo broken >/proc/sys/kernel/core_pattern')
        expect(text).toMatch(/can't create \/proc\/sys\/kernel\/core_pattern[^]*can't create \/proc\/sys\/kernel\/core_pattern/)
        expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before)
      })
    })

    describe('identity', () => {
      it('is uid 0 with the hostname that was given and no new privileges', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'id -u; id -g; hostname; grep NoNewPrivs /proc/self/status')
        expect(text).toBe('0\n0\nnacre\nNoNewPrivs:\t1\n')
        expect(hostname()).not.toBe('nacre')
      })

      it('has no capability to mount, to trace or to configure the network', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'grep CapEff /proc/self/status; mount -t tmpfs none /tmp && echo mounted; ip link set lo up && echo up; hostname other && echo named; chroot / true && echo chrooted')
        expect(BigInt(`0x${/CapEff:\t(\w+)/.exec(text)?.[1] ?? ''}`) & ((1n << 21n) | (1n << 12n) | (1n << 19n))).toBe(0n)
        expect(text).not.toMatch(/^(mounted|up|named)$/m)
        expect(text).toMatch(/^chrooted$/m)
      })

      it('gains nothing from a setuid program', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'cp /bin/busybox /busybox; chmod 4755 /busybox; before=$(grep CapPrm /proc/self/status); after=$(/busybox grep CapPrm /proc/self/status); [ "$before" = "$after" ] && echo same')
        expect(text).toBe('same\n')
      })

      it('has the environment that was given, PWD, and nothing else', async () => {
        await using box = new Box()
        process.env['NACRE_SECRET'] = 'host'
        const environment = { PATH: '/bin', EMPTY: '', ODD: 'a b\n"c" $d `e` \\f\n', GLOB: '*' }
        const { text } = await box.run(sandbox, ['cat', '/proc/self/environ'], { environment, directory: '/etc' })
        delete process.env['NACRE_SECRET']
        const seen = Object.fromEntries(text.split('\0').filter((entry) => entry !== '').map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]))
        expect(seen).toEqual({ ...environment, PWD: '/etc' })
      })

      it('has no open files but the three', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'cd /proc/self/fd && echo [0-9]')
        expect(text.trim().split(' ').filter((fd) => Number(fd) > 3)).toEqual([])
      })

      it('sees no process of the host', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'cat /proc/[0-9]*/comm; kill -0 $1 2>/dev/null && echo alive', {})
        expect(text).not.toMatch(/node|vitest|alive/)
        expect(text.trim().split('\n').length).toBeLessThan(6)
      })
    })

    describe('the lowers', () => {
      it('keep bytes and modes whatever is done inside', async () => {
        await using box = new Box()
        const file = join(box.lower, 'etc/inside')
        chmodSync(file, 0o444)
        writeFileSync(join(box.lower, 'etc/gone'), 'gone')
        const script = 'echo new >/etc/inside; chmod 777 /etc/inside /etc; rm /etc/gone; mv /bin /moved 2>/dev/null; echo x >/etc/added; truncate -s 0 /etc/inside; ls /etc'
        const { exit, text } = await box.sh(sandbox, script)
        expect(exit).toEqual(done)
        expect(text).toBe('added\ninside\n')
        expect(readFileSync(file, 'utf8')).toBe('lower\n')
        expect(statSync(file).mode & 0o7777).toBe(0o444)
        expect(readdirSync(join(box.lower, 'etc')).sort()).toEqual(['gone', 'inside'])
        expect(readdirSync(box.lower).sort()).toEqual(['bin', 'etc'])
      })

      it('hide those before them, a hundred deep', async () => {
        await using box = new Box()
        const lowers = [box.lower]
        for (let i = 1; i <= 100; i++) {
          const folder = box.make(`layers/${i}`)
          writeFileSync(join(folder, 'top'), `${i}`)
          writeFileSync(join(folder, `layer-${i}`), '')
          lowers.push(folder)
        }
        const { exit, text } = await box.sh(sandbox, 'cat /top; echo; ls / | grep -c layer-', { lowers })
        expect(exit).toEqual(done)
        expect(text).toBe('100\n100\n')
      })

      it('may be four hundred', async () => {
        await using box = new Box()
        const lowers = [...Array.from({ length: 399 }, (_, i) => box.make(`a rather long name of a folder, to fill a page: ${i}`)), box.lower]
        expect((await box.run(sandbox, ['true'], { lowers })).exit).toEqual(done)
      })

      it('may be none', async () => {
        await using box = new Box()
        expect((await box.run(sandbox, ['/nothing'], { lowers: [] })).exit).toEqual({ kind: 'exited', code: 127 })
      })
    })

    describe('the upper', () => {
      it("belongs to the caller, and removeTree removes what was closed inside", async () => {
        await using box = new Box()
        const { exit } = await box.sh(sandbox, 'mkdir -p /a/b/c; echo x >/a/b/c/file; chmod 0 /a/b/c /a/b /a; mkdir -m 0 /d; rm -r /etc; chmod 000 /bin')
        expect(exit).toEqual(done)
        expect(lstatSync(join(box.upper, 'a')).uid).toBe(process.getuid?.())
        await removeTree(box.upper)
        expect(existsSync(box.upper)).toBe(false)
      })

      it('takes writes to stdout under its other names', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'echo one >/dev/stdout; echo two >/dev/stderr; echo three >/proc/self/fd/1; echo four | tee /dev/fd/2 >/dev/null')
        expect(text).toBe('one\ntwo\nthree\nfour\n')
      })
    })

    describe('mounts', () => {
      it('are read-only or writable as they say', async () => {
        await using box = new Box()
        const [shut, open] = [box.make('shut'), box.make('open')]
        writeFileSync(join(shut, 'file'), 'as it was')
        const script = 'cat /in/shut/file; echo x >/in/shut/file; touch /in/shut/new; mount -o remount,rw /in/shut; touch /in/shut/new; echo made >/in/open/new'
        const mounts = [{ source: shut, target: '/in/shut', writable: false }, { source: open, target: '/in/open', writable: true }]
        const { text } = await box.sh(sandbox, script, { mounts })
        expect(text).toMatch(/^as it was/)
        expect(readFileSync(join(shut, 'file'), 'utf8')).toBe('as it was')
        expect(readdirSync(shut)).toEqual(['file'])
        expect(readFileSync(join(open, 'new'), 'utf8')).toBe('made\n')
      })

      it('may be files, nested, and under /tmp', async () => {
        await using box = new Box()
        const [outer, inner] = [box.make('outer'), box.make('inner')]
        mkdirSync(join(outer, 'deep'))
        writeFileSync(join(inner, 'file'), 'nested')
        const mounts = [
          { source: outer, target: '/tmp/outer', writable: false },
          { source: inner, target: '/tmp/outer/deep', writable: false },
          { source: absPath(join(inner, 'file')), target: '/etc/one/file', writable: false },
        ]
        const { exit, text } = await box.sh(sandbox, 'cat /tmp/outer/deep/file /etc/one/file; echo x >/etc/one/file || echo kept', { mounts })
        expect(exit).toEqual(done)
        expect(text).toMatch(/^nestednested[^]*kept\n$/)
      })

      it('take a source that is itself under nosuid and nodev', async () => {
        await using box = new Box()
        const { exit, text } = await box.sh(sandbox, 'ls -d /shm && touch /shm/x || echo kept', { mounts: [{ source: absPath('/dev/shm'), target: '/shm', writable: false }] })
        expect(exit).toEqual(done)
        expect(text).toMatch(/^\/shm\n[^]*kept\n$/)
      })

      it('are refused where a symlink of the root would lead them elsewhere', async () => {
        await using box = new Box()
        const [source, victim] = [box.make('source'), box.make('victim')]
        symlinkSync(victim, join(box.lower, 'way'))
        const { exit } = await box.run(sandbox, ['true'], { mounts: [{ source, target: '/way/new', writable: true }] })
        expect(exit).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('symbolic link') })
        expect(readdirSync(victim)).toEqual([])
      })

      it('have odd paths and so have lowers', async () => {
        await using box = new Box('nacre odd,:=\\"\'\t$x `y` \n é #')
        const odd = box.make('low, upper=:x\\ \n$(touch gone)')
        writeFileSync(join(odd, 'a b\nc'), 'odd')
        const target = '/to a\n"\' \\$(x)/here'
        const { exit, text } = await box.run(sandbox, ['sh', '-c', 'cat "$1/a b\nc" "/a b\nc"; pwd', 'sh', target], { lowers: [box.lower, odd], mounts: [{ source: odd, target, writable: false }], directory: target })
        expect(exit).toEqual(done)
        expect(text).toBe(`oddodd${target}\n`)
      })
    })

    describe('the end', () => {
      it('tells exit codes and signals', async () => {
        await using box = new Box()
        for (const code of [0, 1, 42, 255]) expect((await box.sh(sandbox, `exit ${code}`)).exit).toEqual({ kind: 'exited', code })
        for (const signal of ['KILL', 'TERM', 'SEGV', 'INT']) expect((await box.sh(sandbox, `kill -${signal} $$`)).exit).toEqual({ kind: 'signalled', signal: `SIG${signal}` })
      })

      it('tells a missing program from a missing sandbox', async () => {
        await using box = new Box()
        expect((await box.run(sandbox, ['no-such-program'])).exit).toEqual({ kind: 'exited', code: 127 })
        expect((await box.run(sandbox, ['/bin/no/such'])).exit).toEqual({ kind: 'exited', code: 127 })
      })

      it('keeps the order of what was printed on both streams', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'for i in $(seq 200); do echo $i; echo $i >&2; done')
        expect(text).toBe(Array.from({ length: 200 }, (_, i) => `${i + 1}\n${i + 1}\n`).join(''))
      })

      it('brings all of a large output', async () => {
        await using box = new Box()
        let bytes = 0
        const { exit } = await box.sh(sandbox, 'dd if=/dev/zero bs=65536 count=64 2>/dev/null', { output: (chunk) => void (bytes += chunk.length) })
        expect(exit).toEqual(done)
        expect(bytes).toBe(64 * 65536)
      })

      it('leaves no process, even one that detached itself twice', async () => {
        await using box = new Box()
        const mark = `4${process.pid}${name.length}`
        const { exit } = await box.sh(sandbox, `(setsid sh -c 'sleep ${mark} & sleep ${mark} >/dev/null 2>&1 </dev/null &' &) >/dev/null 2>&1; sleep 0.2`)
        expect(exit).toEqual(done)
        expect(hostCommands().filter((command) => command.includes(mark))).toEqual([])
      })

      it('is after the given seconds, for the whole tree', async () => {
        await using box = new Box()
        const mark = `5${process.pid}${name.length}`
        const { exit, text } = await box.sh(sandbox, `trap '' TERM INT HUP; setsid sleep ${mark} & echo begun; sleep ${mark}`, { limits: { seconds: 1 } })
        expect(exit).toEqual({ kind: 'timeout', seconds: 1 })
        expect(text).toBe('begun\n')
        expect(hostCommands().filter((command) => command.includes(mark))).toEqual([])
      })

      it('is at an abort, before or while it runs', async () => {
        await using box = new Box()
        const mark = `6${process.pid}${name.length}`
        expect((await box.run(sandbox, ['true'], { signal: AbortSignal.abort() })).exit).toEqual({ kind: 'aborted' })
        const controller = new AbortController()
        const { exit } = await box.sh(sandbox, `echo begun; exec sleep ${mark}`, { signal: controller.signal, output: () => controller.abort() })
        expect(exit).toEqual({ kind: 'aborted' })
        expect(hostCommands().filter((command) => command.includes(mark))).toEqual([])
      })

      it('comes to a process that takes more memory than it may', async () => {
        await using box = new Box()
        const script = "awk 'BEGIN { s = \"x\"; for (i = 0; i < 27; i++) s = s s; print length(s) }'"
        expect((await box.sh(sandbox, script)).text).toBe(`${2 ** 27}\n`)
        const { exit, text } = await box.sh(sandbox, script, { limits: { seconds: 30, memory: 64 * 2 ** 20 } })
        expect(exit).not.toEqual(done)
        expect(text).toMatch(/out of memory|memory exhausted/)
      })

      it('leaves no core file and a umask of 022', async () => {
        await using box = new Box()
        const { text } = await box.sh(sandbox, 'ulimit -c; umask')
        expect(text).toBe('0\n0022\n')
      })

      it('is not disturbed by others that run at once', async () => {
        const told = await Promise.all(
          Array.from({ length: 6 }, async (_, i) => {
            await using box = new Box()
            return (await box.sh(sandbox, `echo ${i} >/own; sleep 0.1; cat /own; exit ${i}`)).text
          }),
        )
        expect(told).toEqual(['0\n', '1\n', '2\n', '3\n', '4\n', '5\n'])
      })
    })

    it('has the devices that programs expect', async () => {
      await using box = new Box()
      const { exit, text } = await box.sh(sandbox, 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c && echo shm >/dev/shm/x && cat /dev/shm/x && ls -l /dev/fd/ >/dev/null && [ -c /dev/pts/ptmx ] && [ -L /dev/ptmx ] && echo x >/dev/full || echo full')
      expect(exit).toEqual(done)
      expect(text).toMatch(/^3\n3\nshm\n[^]*full\n$/)
    })
  })
}

function hostCommands(): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    } catch {
      return ''
    }
  })
}
