import { renderDiagnostics } from '../base/render-diagnostic.ts'
import { errno, Fault } from '../base/result.ts'
import { machineFault } from '../cache/machine-fault.ts'
import { parseArguments } from './arguments.ts'
import { commandHelp, generalHelp } from './help.ts'
import { exitCodes } from './exit.ts'

/** The only catch of faults, and the only place that ends the process. */
async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2))
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(parsed.command === undefined ? generalHelp() : commandHelp(parsed.command))
      return exitCodes.done
    case 'version': {
      const { version } = await import('./version.ts')
      process.stdout.write(`nacre ${version()}\n`)
      return exitCodes.done
    }
    case 'wrong':
      process.stderr.write(`nacre: ${parsed.message}\n${parsed.hint === undefined ? '' : `hint: ${parsed.hint}\n`}`)
      return exitCodes.wrong
    case 'run': {
      const { runCommand } = await import('./commands.ts')
      return runCommand(parsed.arguments)
    }
  }
}

/** What the system says of itself wherever it is met, and no fault of the program. */
const troubles = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'])

function tellFault(thrown: unknown): number {
  const error = troubles.has(errno(thrown) ?? '') ? machineFault(thrown, 'go on') : thrown
  if (error instanceof Fault && error.kind === 'machine') {
    process.stderr.write(renderDiagnostics([{ code: 'machine/fault', severity: 'error', message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }]) + '\n')
    return exitCodes.machine
  }
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`nacre: this is a defect of nacre, please report it\n${told}\n`)
  return exitCodes.machine
}

// A reader that has seen enough (`nacre graph | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.machine))

void main()
  .catch(tellFault)
  .then((code) => (process.exitCode = code))
