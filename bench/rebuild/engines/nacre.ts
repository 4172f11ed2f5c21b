import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { action } from '../action.ts'
import { environment, type Engine, type Place } from '../engine.ts'
import { Background } from '../background.ts'
import type { Graph } from '../graph.ts'
import { flat, inputsOf } from '../layout.ts'
import { recipesFor } from './recipes.ts'

/** The checkout that this file belongs to, compiled or not. */
const top = above(dirname(fileURLToPath(import.meta.url)))

/** The program that users start: a shell client where there is one, Node's main file otherwise. */
const nacreProgram: readonly string[] = existsSync(join(top, 'bin', 'nacre')) ? [join(top, 'bin', 'nacre')] : [process.execPath, join(top, 'bin', 'nacre.js')]

/** This checkout's. */
export function ownNacre(): readonly Engine[] {
  const own = nacreBy('nacre', nacreProgram)
  return [own, nacreWatchBy('nacre', nacreProgram), recipesFor(own)]
}

/** A million in one file would be a text of 400 MB. */
const tasksInFile = 1000

/** `NAME=FILE`: another nacre, without and with its watcher. */
export function otherNacre(text: string): readonly Engine[] {
  const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (file === '') throw new Error(`--nacre takes NAME=FILE, not "${text}"`)
  const program = file.endsWith('.js') ? [process.execPath, resolve(file)] : [resolve(file)]
  return [nacreBy(name, program), nacreWatchBy(name, program)]
}

/** nacre by its command line; another checkout's program can stand beside this one under a name of its own. */
export function nacreBy(name: string, program: readonly string[]): Engine {
  return {
    name,
    layout: flat,
    habits: { touch: 'none', equal: 'one', lost: 'none', killed: 'flight' },
    most: Number.MAX_SAFE_INTEGER,
    cannot: {},
    find: () => ({ version: versionOfCheckout() }),
    describe(graph, place) {
      writeFileSync(join(place.work, 'nacre.yaml'), 'recipes: [tasks/*.yaml]\n')
      mkdirSync(join(place.work, 'tasks'))
      for (let first = 0; first < graph.needs.length; first += tasksInFile) {
        const tasks = graph.needs.slice(first, first + tasksInFile).map((_, i) => taskOf(graph, place, first + i))
        writeFileSync(join(place.work, 'tasks', `${first}.yaml`), tasks.join('---\n'))
      }
    },
    build: (place) => command(place, program, ['build', '--all', '--jobs', String(place.jobs)]),
    plan: (place) => command(place, program, ['plan', '--all']),
  }
}

/** The same with `nacre watch` running, which builds of its own accord when something changes, and which builds of others join. */
export function nacreWatchBy(name: string, program: readonly string[]): Engine {
  const plain = nacreBy(name, program)
  const watches = new Map<string, Background>()
  const resident = 'it builds as soon as the watcher starts'
  return {
    ...plain,
    name: `${name} watch`,
    cannot: { plan: 'the watcher has no part in it', replan: 'the watcher has no part in it', cold: resident, restore: resident, resume: resident },
    find: () => (spawnSync(program[0] ?? '', [...program.slice(1), 'watch', '--help'], { stdio: 'ignore' }).status === 0 ? plain.find() : { absent: 'this nacre has no watch' }),
    resident: {
      async start(place) {
        const watch = new Background(command(place, program, ['watch', '--all', '--jobs', String(place.jobs)]))
        watches.set(place.work, watch)
        // That comes when its first build is done.
        await watch.told(/watching \d+ files? in/)
      },
      stop: async (place) => await watches.get(place.work)?.end(),
    },
  }
}

function command(place: Place, program: readonly string[], argv: readonly string[]) {
  return { argv: [...program, ...argv], cwd: place.work, environment: { ...environment(place), NACRE_STORE: join(place.home, 'store') } }
}

function taskOf(graph: Graph, place: Place, node: number): string {
  const needs = graph.needs[node] ?? []
  const inputs = inputsOf(graph, flat, node)
  const needed = needs.length === 0 ? '' : `  needs: [${needs.map((need) => `t${need}`).join(', ')}]\n`
  return `task:\n  name: t${node}\n  inputs: [${inputs.slice(needs.length).join(', ')}]\n${needed}  run: |\n    ${action(place.counter, inputs.join(' '), flat.output(node))}\n  outputs: [${flat.output(node)}]\n`
}

function above(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : above(dirname(folder))
}

function versionOfCheckout(): string {
  const described: { readonly version: string } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'))
  return described.version
}
