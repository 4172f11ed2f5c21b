// Keeps what V8 makes of the bundle: of its text, and of the functions that a small build runs.
'use strict'
const { mkdtempSync, mkdirSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { folder, load } = require('./nacre.cjs')

const scripts = new Map()
const scratch = mkdtempSync(join(tmpdir(), 'nacre-prepare-'))
const workspace = join(scratch, 'workspace')
mkdirSync(workspace)
writeFileSync(join(workspace, 'nacre.yaml'), '')
writeFileSync(join(workspace, 'task.yaml'), 'task: {name: warm, inputs: [task.yaml], run: cp task.yaml out, outputs: [out]}\n')

process.on('exit', () => {
  for (const [name, script] of scripts) writeFileSync(join(folder, `${name}.cache`), script.createCachedData())
  rmSync(scratch, { recursive: true, force: true })
})
process.argv = [...process.argv.slice(0, 2), 'build', '--all', '--workspace', workspace, '--store', join(scratch, 'store')]
load('nacre.cjs', scripts)
