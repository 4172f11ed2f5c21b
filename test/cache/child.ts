// What other processes do to a store in tests: `node child.js ROOT VERB ARG…`. Prints a line for each thing that is done.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { digestText } from '../../base/digest.ts'
import { absPath, actionKey, type Digest, parseDigest } from '../../base/ids.ts'
import { systemClock, systemRandom } from '../../base/ports.ts'
import { Fault } from '../../base/result.ts'
import { collectGarbage } from '../../cache/gc.ts'
import { openStore, type Store } from '../../cache/store.ts'
import { verifyStore } from '../../cache/verify.ts'

const [root = '', verb = '', ...args] = process.argv.slice(2)
const store = openStore(absPath(root), { clock: systemClock, random: systemRandom })
const never = new AbortController().signal

const verbs: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  /** Writes blobs and results for ever; each is printed once it must be there. */
  write: async ({ cas, results }) => {
    for (let i = 0; ; i++) {
      const text = `${args[0]} ${i} `
      const large = Buffer.alloc(3_000_000, `${text}large`)
      print(`blob ${await cas.put(Buffer.from(text.repeat(i % 50)))}`)
      print(`blob ${await cas.putStream(pieces(large))}`)
      const key = actionKey(digestText(text))
      await results.put(key, { outputs: { out: { kind: 'blob', digest: digestText(text.repeat(i % 50)) } }, duration: i })
      print(`result ${key}`)
    }
  },
  lock: async (store) => {
    await store[args[0] === 'locks' ? 'locks' : 'workLocks'].acquire(args[1] ?? '', never)
    print('held')
    await new Promise(() => setInterval(() => undefined, 1000))
  },
  /** Adds one to a number in a file, many times, under a lock. */
  count: async ({ locks }) => {
    const { readFileSync, writeFileSync } = await import('node:fs')
    for (let i = 0; i < 25; i++) {
      await using _ = await locks.acquire('count', never)
      const before = Number(readFileSync(args[0] ?? '', 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, 1))
      writeFileSync(args[0] ?? '', String(before + 1))
    }
  },
  root: async ({ roots }) => {
    const folder = await roots.folder(digest(args[0]))
    const { statSync } = await import('node:fs')
    print(`${statSync(folder).ino}`)
  },
  /** Puts blobs until the disk is full, and then says in what state the store is. */
  fill: async (store) => {
    let blobs = 0
    let fault: unknown
    while (fault === undefined) {
      await store.cas.put(Buffer.alloc(500_000, `blob ${blobs++}`)).catch((error: unknown) => (fault = error))
    }
    const { corrupt } = await verifyStore(store)
    const { readdirSync } = await import('node:fs')
    const left = readdirSync(store.layout.tmp).flatMap((name) => readdirSync(`${store.layout.tmp}/${name}`))
    store.lease.end()
    await collectGarbage(store)
    const afterwards = await store.cas.put(Buffer.from('it works again')).then((made) => store.cas.has(made))
    print(JSON.stringify({ ...(fault instanceof Fault ? { kind: fault.kind, hint: fault.hint } : { kind: String(fault) }), blobs, corrupt, left, afterwards }))
  },
  hold: async ({ lease }) => {
    lease.hold(args.map(digest))
    print('held')
    await new Promise(() => setInterval(() => undefined, 1000))
  },
  /** What a build that finds nothing to do asks of the store. */
  idle: async ({ receipts, cas }) => {
    const receipt = receipts.get(args[0] ?? '')
    cas.missing([digestText('something')])
    print(receipt === undefined ? 'nothing' : Buffer.from(receipt).toString())
    const { cache } = createRequire(import.meta.url)
    print(Object.keys(cache).some((path) => path.includes('lmdb')) ? 'loaded' : 'not loaded')
  },
}

const run = verbs[verb]
if (run === undefined) throw new Error(`no verb ${verb}`)
await run(store)
await store.close()

function print(line: string): void {
  writeSync(1, `${line}\n`)
}

function digest(text: string | undefined): Digest {
  const parsed = parseDigest(text ?? '')
  if (parsed === undefined) throw new Error(`no digest ${text}`)
  return parsed
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700_000) yield bytes.subarray(at, at + 700_000)
}
