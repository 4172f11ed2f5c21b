import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Rig, top, type Ran } from '../rig.ts'

/** What `nacre build --json` told, sorted by what came of each node. */
export interface Built extends Ran {
  readonly events: readonly Event[]
  readonly ran: readonly string[]
  readonly cutOff: readonly string[]
  readonly hit: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

export interface Event {
  readonly kind: string
  readonly id?: string
  readonly how?: string
  readonly failure?: { readonly kind: string; readonly kept?: string; readonly enter?: string; readonly diagnostics?: readonly { readonly code: string; readonly message: string }[] }
}

type Options = Parameters<Rig['nacre']>[1]

/** The workspace of tiny packages (test/workspaces/tiny) with a store of its own. */
export class Tiny extends Rig {
  constructor(files: Readonly<Record<string, string>> = {}) {
    super()
    this.copy(join(top, 'test', 'workspaces', 'tiny'))
    this.write(files)
  }

  read(path: string): string {
    return readFileSync(join(this.workspace, path), 'utf8')
  }

  /** Replaces one text by another, which must be there. */
  edit(path: string, from: string, to: string): void {
    const text = this.read(path)
    if (!text.includes(from)) throw new Error(`${path} has no "${from}"`)
    writeFileSync(join(this.workspace, path), text.replace(from, to))
  }

  async build(argv: readonly string[], options?: Options): Promise<Built> {
    return told(await this.nacre(['build', '--json', ...argv], options))
  }
}

export function told(ran: Ran): Built {
  const lines = ran.stdout.split('\n').filter((line) => line !== '').map((line): unknown => JSON.parse(line))
  const events = lines.filter((line): line is Event => typeof line === 'object' && line !== null && 'kind' in line)
  const counts = lines.find((line): line is Record<string, number> => typeof line === 'object' && line !== null && 'seconds' in line) ?? {}
  const ids = (kind: string, how?: string): string[] => events.filter((event) => event.kind === kind && (how === undefined || event.how === how)).map((event) => event.id ?? '').sort()
  return { ...ran, events, ran: ids('finished', 'ran'), cutOff: ids('finished', 'cutOff'), hit: ids('finished', 'hit'), failed: ids('failed'), skipped: ids('skipped'), counts }
}

/** Codes of everything that was refused. */
export function codes(built: Built): readonly string[] {
  return built.events.flatMap((event) => event.failure?.diagnostics?.map(({ code }) => code) ?? [])
}

/** A recipe that runs steps on busybox, as a text: `more` goes in between. */
export function recipe(name: string, script: string, more = ''): string {
  const indented = script.split('\n').map((line) => `      ${line}`).join('\n')
  return `package:
  name: ${name}
  version: 1.0
  epoch: 0
  description: Made by a test
  copyright:
    - license: MIT
${more.startsWith('  ') ? `${more}\n` : ''}
environment:
  contents:
    packages: [tools]

pipeline:
  - name: steps
    runs: |
${indented}
${more.startsWith('  ') ? '' : more}`
}
