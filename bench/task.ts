// The entry of a child process: runs one task and prints its figures as the last line.
import { childrenCpu } from './started.ts'
import { tasks } from './tasks/tasks.ts'

const [, , name = '', argument = '{}'] = process.argv
const make = tasks[name]
if (make === undefined) throw new Error(`no task "${name}"`)
const run = await make(JSON.parse(argument) as Readonly<Record<string, string | number>>)
const cpu = process.cpuUsage()
const children = childrenCpu()
const start = performance.now()
// What a task answers is the moment that counts as its end, where that is not its return.
const end = (await run()) ?? performance.now()
const { user, system } = process.cpuUsage(cpu)
console.log(JSON.stringify({ wall: end - start, cpu: (user + system) / 1000 + childrenCpu() - children, peak: process.resourceUsage().maxRSS * 1024 }))
process.exit(0)
