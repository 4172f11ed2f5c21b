import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FileServer, tinyOs, toolsDeb } from '../test/cli/tiny-os.ts'
import { nacre } from './started.ts'

/** Changes whenever a fixture is made otherwise. */
const version = 1

/** A folder that is made once, whole or not at all, and kept for later runs. */
export async function fixture(parent: string, name: string, make: (folder: string) => Promise<void> | void): Promise<string> {
  const place = join(parent, `${name}-${version}`)
  if (existsSync(place)) return place
  const temporary = `${place}.new`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  process.stderr.write(`bench: making ${name}, once\n`)
  await make(temporary)
  renameSync(temporary, place)
  return place
}

export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** A workspace's own toolchain: this machine's shell and a few programs, in the store before anything is measured. */
export async function withTools(at: { readonly workspace: string; readonly store: string }): Promise<void> {
  const deb = join(dirname(at.workspace), 'tools.deb')
  if (!existsSync(deb)) writeFileSync(deb, toolsDeb())
  await using server = await FileServer.start()
  const { 'nacre.yaml': config = '', 'tools.yaml': tools = '' } = tinyOs(server, readFileSync(deb))
  write(at.workspace, { 'nacre.yaml': config.replace('default: [image:tiny]\n', ''), 'tools.yaml': tools })
  await nacre(['build', 'package:tools'], at)
}

/** A package that copies the folder beside its recipe. */
export function copyRecipe(name: string, script = ''): string {
  return `package:
  name: ${name}
  version: 1
  epoch: 0
  description: Files for measuring
  copyright: [{license: MIT}]
environment:
  contents:
    packages: [tools]
pipeline:
  - name: copy
    runs: |
      mkdir -p \${{targets.destdir}}/usr
${script === '' ? '' : `${script.split('\n').map((line) => `      ${line}`).join('\n')}\n`}      cp -r share \${{targets.destdir}}/usr
`
}
