// Prints ../deflate-module.ts, the module compiled from this folder: `npm run encoder` writes it, and a test compares it.
// It is committed, so that neither a checkout nor an installation waits for the compiler.
import asc from 'assemblyscript/asc'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

// 32 pages are what memory.ts lays out. Assertions are the compiler's own, of array bounds and the like, and there are none of those here.
const options = ['--optimizeLevel', '3', '--shrinkLevel', '0', '--noAssert', '--runtime', 'stub', '--memoryBase', '1024', '--initialMemory', '32', '--maximumMemory', '32']

const { error, stderr, binary } = await compile()
if (error !== null) {
  process.stderr.write(`${stderr}${error}\n`)
  process.exit(1)
}
const lines = Buffer.from(binary).toString('base64').match(/.{1,150}/g)
process.stdout.write(`/** assembly/deflate.ts as WebAssembly, in base64. Written by assembly/compile.js: run \`npm run encoder\` after a change there. */
export const deflateModule = \`
${lines.join('\n')}
\`
`)

async function compile() {
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(['deflate.ts', '--baseDir', dirname(fileURLToPath(import.meta.url)), '--outFile', 'deflate.wasm', ...options], {
    writeFile: (_, content) => void (binary = content),
  })
  return { error, stderr, binary }
}
