import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Graph } from './graph.ts'

const modulus = 2_147_483_647

/** mawk starts in about the time of cat, gawk in twice that. All engines get the same. */
export const awk = found('mawk') ? 'mawk' : 'awk'

/**
 * The action of every node: one byte more in the counter, then one program that reads the inputs and writes the output. It folds the first number of each
 * line, so any change of a number reaches all dependents, and a change of what follows the number reaches none. (With `cat`, the outputs of a lattice would
 * be four times as long with each layer.)
 */
export function action(counter: string, inputs: string, output: string): string {
  return `echo >> ${counter}; ${awk} 'BEGIN{while((getline x)>0)h=(h*31+x+1)%${modulus};print h}' ${inputs} > ${output}`
}

/** What each action must write, given the first number of each source: what its needs wrote, its own source, and the common one. */
export function outputsOf(graph: Graph, sources: ArrayLike<number>, common: number): Float64Array {
  const values = new Float64Array(graph.needs.length)
  graph.needs.forEach((needs, node) => {
    let value = 0
    for (const need of needs) value = fold(value, values[need] ?? 0)
    value = fold(value, sources[node] ?? 0)
    values[node] = graph.common ? fold(value, common) : value
  })
  return values
}

function fold(value: number, line: number): number {
  return (value * 31 + line + 1) % modulus
}

export function found(program: string): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program)).find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
