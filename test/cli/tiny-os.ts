import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { tarBytes } from '../../outputs/archive/tar-write.ts'
import { ar } from '../outputs/deb/ar.ts'

/** A server that gives files by path, and 404 for anything else. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array>()
  readonly asked: string[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => {
      const path = request.url ?? ''
      this.asked.push(path)
      const bytes = this.files.get(path)
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes)
    })
  }

  static async start(): Promise<FileServer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FileServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const programs = ['dash', 'cp', 'mkdir', 'chmod', 'ln', 'cat', 'rm', 'date', 'uname', 'nproc']

/** A .deb of this machine's own shell and a few programs with their libraries: a toolchain of two megabytes that needs no download. */
export function toolsDeb(): Uint8Array {
  const paths = programs.map((name) => execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim())
  const files = new Map(paths.map((path) => [`usr/bin/${path.slice(path.lastIndexOf('/') + 1)}`, realpathSync(path)]))
  for (const path of paths) {
    for (const [, library = ''] of execFileSync('ldd', [realpathSync(path)], { encoding: 'utf8' }).matchAll(/(\/\S+)/g)) files.set(`usr/lib/${library.slice(library.lastIndexOf('/') + 1)}`, realpathSync(library))
  }
  const folders = ['usr', 'usr/bin', 'usr/lib'].map((path) => ({ path: `./${path}`, kind: 'directory', mode: 0o755, mtime: 0, uname: 'root', gname: 'root' }) as const)
  const entries = [...files].sort().map(([path, from]) => ({ path: `./${path}`, kind: 'file', mode: 0o755, mtime: 0, uname: 'root', gname: 'root', content: readFileSync(from) }) as const)
  const data = gzipSync(tarBytes([...folders, ...entries], true))
  return ar([['debian-binary', Buffer.from('2.0\n')], ['control.tar.gz', gzipSync(tarBytes([], true))], ['data.tar.gz', data]])
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The files of a workspace that builds a whole tiny OS within seconds: tools imported from `server`, a base with a shell, a package that says hello, and an image of the two. */
export function tinyOs(server: FileServer, deb: Uint8Array = toolsDeb()): Readonly<Record<string, string>> {
  server.files.set('/debian/pool/tools.deb', deb)
  return {
    'nacre.yaml': `default: [image:tiny]\nmirrors: {debian: "${server.url}/debian"}\n`,
    'tools.yaml': `package:
  name: tools
  version: 1
  epoch: 0
  description: The shell of this machine
  bootstrap: true
  copyright: [{license: MIT}]
pipeline:
  - uses: bootstrap/debs
    with:
      debs: |
        tools 1 ${sha256(deb)} pool/tools.deb
      links: |
        bin usr/bin
        sbin usr/sbin
        lib usr/lib
        lib64 usr/lib
        usr/bin/sh dash
`,
    'base.yaml': `package:
  name: base
  version: 1
  epoch: 0
  description: A shell and what it needs
  copyright: [{license: MIT}]
environment:
  contents:
    packages: [tools]
pipeline:
  - name: copy
    working-directory: \${{targets.destdir}}
    runs: |
      mkdir -p usr/bin usr/lib
      ln -s usr/bin bin
      ln -s usr/lib lib
      ln -s usr/lib lib64
      cp /usr/bin/dash /usr/bin/cat usr/bin
      ln -s dash usr/bin/sh
      cp /usr/lib/*.so* usr/lib
`,
    'hello.yaml': helloRecipe('hello'),
    'tiny.yaml': `name: tiny
contents:
  packages: [base, hello]
entrypoint:
  command: /bin/sh
cmd: /usr/bin/hello
archs: [x86_64, aarch64]
test:
  commands:
    - run: [/bin/sh, /usr/bin/hello]
      expect: ^hello
`,
  }
}

export function helloRecipe(word: string): string {
  return `package:
  name: hello
  version: 1.2
  epoch: 3
  description: Says hello
  copyright: [{license: MIT}]
  dependencies:
    runtime: [base]
environment:
  contents:
    packages: [tools]
pipeline:
  - name: write
    working-directory: \${{targets.destdir}}
    runs: |
      mkdir -p usr/bin
      echo 'echo ${word} "$@"' > usr/bin/hello
      chmod 755 usr/bin/hello
test:
  environment:
    contents:
      packages: [hello]
  pipeline:
    - name: say
      runs: sh /usr/bin/hello
`
}
