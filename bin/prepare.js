// Runs after `npm ci` and `npm install` in a checkout: compiles to dist/, bundles that, and puts `nacre` where npx looks for it.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = dirname(dirname(fileURLToPath(import.meta.url)))
const compiler = join(top, 'node_modules', 'typescript', 'bin', 'tsc')
if (existsSync(compiler)) {
  // The page of `nacre report` runs in a browser, and is compiled against a browser's names.
  for (const project of ['tsconfig.build.json', 'tsconfig.page.json']) {
    const compiled = spawnSync(process.execPath, [compiler, '-p', join(top, project)], { stdio: 'inherit' })
    if (compiled.status !== 0) process.exit(compiled.status ?? 1)
  }
  // The built-in pipelines are data beside the compiled language.
  const pipelines = join(top, 'dist', 'recipes', 'pipelines')
  rmSync(pipelines, { recursive: true, force: true })
  symlinkSync('../../recipes/pipelines', pipelines)
  const { bundle } = await import('./bundle.js')
  await bundle(top)
  const link = join(top, 'node_modules', '.bin', 'nacre')
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync('../../bin/nacre', link)
}
