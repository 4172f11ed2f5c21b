// Puts the compiled modules of dist/ and the libraries that they import together in dist/bundle: one small file for what every command and a
// build with nothing to do needs, one for what a build of a part needs, one for all that a build needs, and a few for the rest. bin/nacre.cjs loads them.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** Every module that one of these imports, and that no group before it has, goes into the group's file. */
const groups = [
  { name: 'nacre', test: /\/dist\/cli\/(?:main|commands|decide|decide-plan)\.js$/, priority: 2 },
  { name: 'part', test: /\/dist\/cli\/delta-build\.js$/, priority: 1.5 },
  { name: 'work', test: /\/dist\/cli\/commands\/build\.js$/, priority: 1 },
]

export async function bundle(top) {
  const folder = join(top, 'dist', 'bundle')
  // lmdb has a part in machine code, which it finds beside its own files.
  const made = await rolldown({ input: { nacre: join(top, 'dist', 'cli', 'main.js') }, cwd: top, platform: 'node', external: ['lmdb'], checks: { ineffectiveDynamicImport: false } })
  const { output } = await made.write({
    dir: folder,
    format: 'cjs',
    cleanDir: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups },
    comments: false,
    // Names and lines stay, for stack traces and because the encoder's workers are made of the text of its functions.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
  })
  await made.close()
  for (const { fileName, code } of output) if (/[^\0-\x7f]/.test(code ?? '')) throw new Error(`${fileName} has characters that are not ASCII, and is read as if it had none`)
  const cache = spawnSync(process.execPath, [join(top, 'bin', 'code-cache.cjs')], { encoding: 'utf8' })
  if (cache.status !== 0) throw new Error(`The code cache could not be made:\n${cache.stderr}`)
}
