import { closeSync, constants, openSync } from 'node:fs'
import { WriteStream } from 'node:tty'
import { styleOf } from '../render/style.ts'
import type { Sink } from '../render/sink.ts'
import type { Terminal } from '../terminal.ts'
import type { Asked } from './server.ts'

/** A client's streams and signals. `other` stops what is done for it as well. Dispose of it. */
export function clientTerminal({ requester, stdout, stderr, signal }: Asked, other: AbortSignal): Terminal & Disposable {
  const size = terminalSize(requester.stderr)
  const err: Sink = {
    write: (text) => stderr(text),
    isTTY: size !== undefined,
    get columns() {
      return size?.now()[0]
    },
    get rows() {
      return size?.now()[1]
    },
  }
  return {
    stdout: { write: (text) => stdout(text) },
    stderr: err,
    style: styleOf({ isTTY: size !== undefined }, requester.environment),
    interrupts: () => ({ signal: AbortSignal.any([signal, other]), [Symbol.dispose]: () => undefined }),
    [Symbol.dispose]: () => size?.[Symbol.dispose](),
  }
}

/** Of a terminal's device; undefined for whatever else. It is opened to be asked and never written to: the client writes. */
function terminalSize(device: string): (Disposable & { now(): readonly [columns: number, rows: number] }) | undefined {
  if (!/^\/dev\/(pts\/[0-9]+|tty[A-Za-z0-9]*|console)$/.test(device)) return undefined
  try {
    const file = openSync(device, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK)
    try {
      const stream = new WriteStream(file)
      stream.unref()
      return { now: () => stream.getWindowSize(), [Symbol.dispose]: () => void stream.destroy() }
    } catch (error) {
      closeSync(file)
      throw error
    }
  } catch {
    return undefined
  }
}
