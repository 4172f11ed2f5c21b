import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { AbsPath } from '../../base/ids.ts'
import { tempFolder } from './temp-folder.ts'

const top = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Compiles test/cache/child.ts and what it imports to JavaScript, so that plain Node processes can run it. Gives its path. */
export function compileChild(): string {
  const folder = tempFolder()
  const options = { noEmit: false, allowImportingTsExtensions: false, rewriteRelativeImportExtensions: true, rootDir: top, outDir: folder, skipLibCheck: true }
  const config = { extends: join(top, 'tsconfig.json'), compilerOptions: { ...options, typeRoots: [join(top, 'node_modules/@types')] }, include: [], files: [join(top, 'test/cache/child.ts')] }
  mkdirSync(folder, { recursive: true })
  symlinkSync(join(top, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiled = spawnSync(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(compiled.stdout + compiled.stderr)
  return join(folder, 'test/cache/child.js')
}

/** A process of test/cache/child.ts, with the lines that it prints. */
export interface Child {
  readonly process: ChildProcess
  line(): Promise<string | undefined>
  /** Ends it the hard way and waits until it is gone. Gives the lines that nobody had read. */
  kill(): Promise<string[]>
  ended(): Promise<number | null>
}

export function startChild(script: string, root: AbsPath, ...args: readonly string[]): Child {
  const child = spawn(process.execPath, [script, root, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const end = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return {
    process: child,
    line: async () => {
      const next = await lines.next()
      return next.done === true ? undefined : next.value
    },
    kill: async () => {
      child.kill('SIGKILL')
      const rest: string[] = []
      for (let next = await lines.next(); next.done !== true; next = await lines.next()) rest.push(next.value)
      await end
      return rest
    },
    ended: () => end,
  }
}
