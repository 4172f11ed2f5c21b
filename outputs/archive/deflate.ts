import { deflateModule } from './deflate-module.ts'

/**
 * Name of the one encoder, its version and parameters: put it into the spec of every action that compresses. Raise the version when any
 * byte that it writes would differ.
 *
 * Why an encoder of our own: the bytes of node:zlib depend on its version and on the CPU. The source of this one is assembly/ (AssemblyScript),
 * compiled to WebAssembly: integers only, exact on every machine. Processor time and size on a busy machine, Node 20, one core:
 * - 50 MB of the ELF files of a Debian: this 92 MB/s, 21.1 MB left; node:zlib level 1 74 MB/s, 22.3 MB; level 5 44 MB/s, 20.9 MB; level 6 35 MB/s, 20.8 MB.
 * - 30 MB of its documentation and headers: this 166 MB/s, 5.0 MB; level 1 199 MB/s, 6.0 MB; level 5 94 MB/s, 4.9 MB; level 6 69 MB/s, 4.8 MB.
 */
export const encoderId = 'nacre-deflate/2 block=524288'

/** Bytes that one call deflates at most, and those before them that matches may reach into. */
export const blockSize = 524288
export const windowSize = 32768

/**
 * Deflates `bytes[from, end)` (RFC 1951) with the 32 KiB before `from` as dictionary; `bytes` has at most a window and a block. The result ends
 * on a byte boundary: with a final block when `final`, with an empty stored block otherwise, so that results can be put one after another.
 * Equal input gives equal bytes on every machine and every version of Node.
 */
export type Deflater = (bytes: Uint8Array, from: number, final: boolean) => Uint8Array<ArrayBuffer>

/** The encoder's code, compiled for this processor once for all threads. */
export function compiledDeflate(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(deflateModule, 'base64'))
  return compiled
}

let compiled: WebAssembly.Module | undefined

/**
 * An encoder with a memory of its own (2 MiB); not for two calls at once.
 * Invariant: refers to nothing outside of itself but its parameter, for workers run its source text (deflate-pool.ts). So no second file
 * has to be found, from dist and under a test runner that reads TypeScript alike, and none can be of another version.
 */
export function createDeflater(module: WebAssembly.Module): Deflater {
  const { memory, input, inputSize, output, deflate } = new WebAssembly.Instance(module).exports as DeflateExports
  const bytes = new Uint8Array(memory.buffer)
  return (source, from, final) => {
    if (source.length > inputSize.value) throw new RangeError(`Expected at most ${inputSize.value} bytes to deflate at once, got ${source.length}`)
    bytes.set(source, input.value)
    const size = deflate(from, source.length, final ? 1 : 0)
    return bytes.slice(output.value, output.value + size)
  }
}

/** What assembly/deflate.ts exports. */
interface DeflateExports {
  readonly memory: WebAssembly.Memory
  readonly input: WebAssembly.Global
  readonly inputSize: WebAssembly.Global
  readonly output: WebAssembly.Global
  deflate(from: number, to: number, final: number): number
}

declare global {
  /** The part of Node's WebAssembly that is used here; its types know of none. */
  namespace WebAssembly {
    class Module {
      constructor(code: Uint8Array)
    }
    class Instance {
      constructor(module: Module)
      readonly exports: object
    }
    interface Memory {
      readonly buffer: ArrayBuffer
    }
    interface Global {
      readonly value: number
    }
  }
}
