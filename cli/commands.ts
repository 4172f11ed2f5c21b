import type { Arguments } from './arguments.ts'

/** Runs a command and gives the exit code. */
type Command = (from: Arguments) => Promise<number> | number

/** Loads only what the command needs: a build that finds nothing to do must not pay for the code of one that does. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  build: async () => {
    const { decide } = await import('./decide.ts')
    return (from) => decide(from)
  },
  cache: async () => (await import('./commands/cache.ts')).cacheCommand,
  compile: async () => (await import('./commands/compile.ts')).compileCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  fmt: async () => (await import('./commands/fmt.ts')).fmtCommand,
  graph: async () => (await import('./commands/graph.ts')).graphCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  lint: async () => (await import('./commands/lint.ts')).lintCommand,
  lock: async () => (await import('./commands/lock.ts')).lockCommand,
  plan: async () => (await import('./decide-plan.ts')).decidePlan,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  run: async () => (await import('./commands/run.ts')).runImageCommand,
  solve: async () => (await import('./commands/solve.ts')).solveCommand,
  test: async () => (await import('./commands/test.ts')).testCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  why: async () => (await import('./commands/why.ts')).whyCommand,
}

export async function runCommand(from: Arguments): Promise<number> {
  const load = loaders[from.command.name]
  if (load === undefined) throw new TypeError(`command ${from.command.name} is in the table of flags, but nothing runs it`)
  return (await load())(from)
}
