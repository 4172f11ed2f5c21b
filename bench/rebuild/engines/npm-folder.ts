import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { action } from '../action.ts'
import type { Found, Place } from '../engine.ts'
import type { Graph } from '../graph.ts'
import { foldered, inputsOf } from '../layout.ts'

/** The peers of the registry, in the versions that the figures are about. None has to run a script when it is installed. */
export const npmPeers: Readonly<Record<string, string>> = { turbo: '2.11.11', nx: '24.0.6', wireit: '0.14.13', '@moonrepo/cli': '2.5.5' }

/** Puts them into a folder outside of the checkout. */
export function fetchPeers(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies: npmPeers })}\n`)
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`npm install in ${folder} ended with ${status}`)
}

export function findPeer(folder: string, name: string): Found {
  const file = join(folder, 'node_modules', name, 'package.json')
  if (!existsSync(file)) return { absent: `${name} is not in ${folder}; --fetch-peers gets it from the registry` }
  const described: { readonly version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return { version: described.version }
}

/** The action of a node, as it is run in the node's own folder. */
export function actionInFolder(graph: Graph, place: Place, node: number): string {
  const own = folderOf(node)
  const inputs = inputsOf(graph, foldered, node).map((path) => relative(own, path))
  return action(place.counter, inputs.join(' '), relative(own, foldered.output(node)))
}

export function folderOf(node: number): string {
  return dirname(foldered.source(node))
}

export function write(place: Place, path: string, content: unknown): void {
  writeFileSync(join(place.work, path), typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 1)}\n`)
}

/** What these tools look for beside their own files: installed packages, and a repository whose index they may ask. */
export function asProject(place: Place, peers: string): void {
  symlinkSync(join(peers, 'node_modules'), join(place.work, 'node_modules'))
  write(place, '.gitignore', 'node_modules\n*.out\n.turbo\n.nx\n.wireit\n.moon/cache\n')
  const git = (...argv: readonly string[]) => {
    const { status, stderr } = spawnSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'gc.auto=0', ...argv], { cwd: place.work, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${argv.join(' ')} ended with ${status}: ${stderr}`)
  }
  git('init', '--quiet')
  git('add', '--all')
  git('commit', '--quiet', '--message', 'all')
}
