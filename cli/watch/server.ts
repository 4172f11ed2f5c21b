import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import type { AbsPath } from '../../base/ids.ts'
import { startTime } from '../../cache/session.ts'
import { type Port, clearPort, writePort } from './port-file.ts'
import { type Requester, requesterOf } from './requester.ts'

/** A client that waits for its answer. */
export interface Asked {
  readonly requester: Requester
  stdout(text: string): void
  stderr(text: string): void
  /** Aborts when the client is interrupted, or gone. */
  readonly signal: AbortSignal
  /** Resolves when the client's process has ended, or the ordinary build that it has become. */
  readonly ended: Promise<void>
}

/** The exit code; undefined tells the client to do it itself. */
export type Answer = (asked: Asked) => Promise<number | undefined> | number | undefined

/** Bytes of a request at most: token, process id, number of arguments. */
const mostBytes = 256
/** Milliseconds in which a connection must have shown the token. */
const patience = 2000
/** Connections at once at most: a client opens one. */
const mostConnections = 64
/** Bytes of a frame at most: bash reads it into a variable. */
const frameLength = 1 << 16

/**
 * Answers bin/nacre on a port of the loopback interface, since bash can open nothing else. Any user of the machine can connect, so nothing is
 * said to who doesn't show the token, which is in a file that only its owner reads.
 */
export class WatchServer implements AsyncDisposable {
  readonly #server: Server
  readonly #workspace: AbsPath
  readonly #port: Port
  readonly #sockets = new Set<Socket>()

  private constructor(parts: { readonly server: Server; readonly workspace: AbsPath; readonly port: Port }) {
    this.#server = parts.server
    this.#workspace = parts.workspace
    this.#port = parts.port
    this.#server.on('connection', (socket) => this.#track(socket))
  }

  static async open(workspace: AbsPath, answer: Answer): Promise<WatchServer> {
    const token = randomBytes(32).toString('hex')
    const server = createServer({ noDelay: true }, (socket) => serve(socket, token, answer))
    server.maxConnections = mostConnections
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = { port: typeof address === 'object' && address !== null ? address.port : 0, pid: process.pid, start: startTime(process.pid) ?? '', token }
    const opened = new WatchServer({ server, workspace, port })
    writePort(workspace, port)
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearPort(this.#workspace, this.#port)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

function serve(socket: Socket, token: string, answer: Answer): void {
  const stop = new AbortController()
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.on('close', () => stop.abort(new Error('the client is gone')))
  const late = setTimeout(() => socket.destroy(), patience)
  let text = ''
  let asked = false
  socket.setEncoding('latin1').on('data', (more: string) => {
    text += more
    if (asked) return text.includes('stop\n') ? stop.abort(new Error('interrupted')) : undefined
    if (text.length > mostBytes) return socket.destroy()
    const end = text.indexOf('\n')
    if (end === -1) return undefined
    clearTimeout(late)
    asked = true
    const requester = readRequest(text.slice(0, end), token)
    text = text.slice(end + 1)
    if (requester === undefined) return socket.destroy()
    void reply(socket, answer, { requester, stdout: (out) => send(socket, 'o', out), stderr: (out) => send(socket, 'e', out), signal: stop.signal, ended })
    return undefined
  })
}

function readRequest(line: string, token: string): Requester | undefined {
  const [shown = '', pid = '', count = ''] = line.split(' ')
  const same = shown.length === token.length && timingSafeEqual(Buffer.from(shown, 'latin1'), Buffer.from(token, 'latin1'))
  if (!same || !/^[0-9]+$/.test(pid) || !/^[0-9]+$/.test(count)) return undefined
  return requesterOf(Number(pid), Number(count))
}

async function reply(socket: Socket, answer: Answer, asked: Asked): Promise<void> {
  // An answer that is there at once goes out in one packet.
  socket.cork()
  setImmediate(() => socket.uncork())
  const code = await answer(asked)
  if (code !== undefined) socket.end(`x ${code}\n`)
  // It becomes an ordinary build and keeps the connection; when that ends, so does the connection.
  else socket.write('-\n')
}

/** A frame: `o` or `e`, the number of bytes, the bytes. bash can't hold a NUL, and a terminal shows none. */
function send(socket: Socket, stream: 'o' | 'e', text: string): void {
  const bytes = Buffer.from(text.replaceAll('\0', ''))
  for (let at = 0; at < bytes.length; at += frameLength) {
    const part = bytes.subarray(at, at + frameLength)
    socket.write(`${stream} ${part.length}\n`)
    socket.write(part)
  }
}
