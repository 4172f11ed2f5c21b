import { resolve } from 'node:path'
import { absPath } from '../../base/ids.ts'
import { type Checked, complaints, ok } from '../../base/result.ts'
import { LeafRecorder } from '../../engine/leaves.ts'
import { publicPem } from '../../outputs/apk/sign.ts'
import { loadConfig } from '../../recipes/workspace/workspace.ts'
import { type Arguments, flag, has } from '../arguments.ts'
import { exitCodes } from '../exit.ts'
import { findWorkspace, storePlace } from '../machine/places.ts'
import { findKey, fingerprint, keyFolder, type KeyFile, makeKey, publicFile } from '../machine/signing-key.ts'
import { complain } from '../output.ts'

/** `nacre key new|show`: the key that signs what leaves this machine. */
export function keyCommand(from: Arguments): number {
  const made = keyOf(from)
  if (made.kind === 'complaints') return complain(made.diagnostics, from)
  const { key, path } = made.value
  const pem = publicPem(key)
  if (has(from, 'json')) process.stdout.write(`${JSON.stringify({ name: key.name, path, publicPath: publicFile(path, key), fingerprint: fingerprint(pem), publicKey: pem })}\n`)
  else if (from.words[0] === 'show') process.stdout.write(pem)
  else process.stdout.write(`${path}\n${publicFile(path, key)}\n`)
  if (from.words[0] === 'new' && !has(from, 'json')) process.stderr.write(`the first is secret and signs; the second goes to /etc/apk/keys/${key.name} of whoever installs\n`)
  return exitCodes.done
}

function keyOf(from: Arguments): Checked<KeyFile> {
  const store = storePlace(flag(from, 'store'), process.env)
  const named = configuredKey(from)
  if (named.kind === 'complaints') return named
  const to = flag(from, 'to')
  switch (from.words.join(' ')) {
    case 'new': {
      const exact = to ?? named.value
      return exact === undefined ? newOwnKey(store) : makeKey(absPath(resolve(exact)), true)
    }
    case 'show': {
      const found = findKey({ store, workspace: absPath('/'), ...(named.value === undefined ? {} : { sign: named.value }) })
      if (found.kind === 'complaints') return found
      if (found.value !== undefined) return ok(found.value)
      return complaints([{ code: 'cli/no-key', severity: 'error', message: 'There is no signing key yet', hint: 'nacre key new makes one, and so does the first export of a repository' }])
    }
    default:
      return complaints([{ code: 'cli/usage', severity: 'error', message: 'nacre key takes one of new and show', hint: 'nacre key new --to keys/os.rsa' }])
  }
}

/** A second key of the store's own would leave open which of them signs. */
function newOwnKey(store: ReturnType<typeof storePlace>): Checked<KeyFile> {
  const found = findKey({ store })
  if (found.kind === 'complaints' || found.value === undefined) return found.kind === 'complaints' ? found : makeKey(keyFolder(store))
  return complaints([{ code: 'cli/key-exists', severity: 'error', message: `The store has a signing key already: "${found.value.path}"`, hint: 'name a file with --to for another' }])
}

/** `keys.sign` of nacre.yaml as an absolute path. */
function configuredKey(from: Arguments): Checked<string | undefined> {
  const folder = findWorkspace(flag(from, 'workspace') ?? process.cwd())
  if (folder === undefined) return ok(undefined)
  const config = loadConfig(folder, new LeafRecorder(0))
  if (config.kind === 'complaints') return config
  const { sign } = config.value.keys
  return ok(sign === '' ? undefined : resolve(folder, sign))
}
