import { createServer, type Server } from 'node:http'
import { hash } from 'node:crypto'
import { once } from 'node:events'

/** How a tiny server answers for a path: bytes, a status, or the beginning of an answer that is then cut off. */
export type Answer = Uint8Array | number | { readonly cut: Uint8Array }

/** Serves files on the loopback; counts what was asked for. */
export class Served implements AsyncDisposable {
  readonly asked: string[] = []
  readonly #server: Server
  readonly #answers: Map<string, Answer>

  private constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = new Map(Object.entries(answers))
    this.#server = createServer((request, response) => {
      const path = request.url ?? ''
      this.asked.push(path)
      const answer = this.#answers.get(path) ?? 404
      if (typeof answer === 'number') response.writeHead(answer).end()
      else if ('cut' in answer) {
        response.writeHead(200, { 'content-length': String(answer.cut.length * 2) })
        response.write(answer.cut, () => response.destroy())
      } else response.end(answer)
    })
  }

  static async start(answers: Readonly<Record<string, Answer>>): Promise<Served> {
    const served = new Served(answers)
    served.#server.listen(0, '127.0.0.1')
    await once(served.#server, 'listening')
    return served
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes)
}
