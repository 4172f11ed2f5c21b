import { mkdirSync } from 'node:fs'
import type { Receipts } from '../../cache/receipts.ts'
import { bubblewrapSandbox } from '../../engine/sandbox/bubblewrap.ts'
import { detectSandbox } from '../../engine/sandbox/detect.ts'
import { namespacesSandbox } from '../../engine/sandbox/namespaces.ts'
import { removeTree } from '../../engine/sandbox/remove.ts'
import type { Sandbox, SandboxSpec } from '../../engine/sandbox/sandbox.ts'

/** The sandboxes there are, and how one is seen to start. */
interface Parts {
  readonly sandboxes: readonly Sandbox[]
  readonly detect: typeof detectSandbox
}

/**
 * The sandbox of this machine, looked for when the first action needs it: much is built without one. Starting one to see whether it starts
 * takes 40 ms, so which of them did is remembered with the store. Nothing is believed of that: when a remembered one does not start, it is
 * tried by itself, and only when that fails as well is another one looked for. Whatever ran then was not the command, so its folders are made anew.
 */
export function knownSandbox(receipts: Receipts, preferred: Sandbox['name'] | undefined, { sandboxes, detect }: Parts = { sandboxes: [bubblewrapSandbox, namespacesSandbox], detect: detectSandbox }): Sandbox {
  const name = `sandbox ${preferred ?? 'any'}`
  let remembered = true
  return {
    name: preferred ?? 'bubblewrap',
    async run(spec, signal) {
      const known = remembered ? sandboxes.find((sandbox) => sandbox.name === textOf(receipts.get(name))) : undefined
      if (known !== undefined) {
        const exit = await known.run(spec, signal)
        if (exit.kind !== 'unavailable' || (await detect(known.name)).kind === 'found') return exit
        await emptied(spec)
      }
      remembered = false
      const detected = await detect(preferred)
      if (detected.kind !== 'found') return { kind: 'unavailable', reason: detected.reason, hint: detected.hint }
      receipts.put(name, Buffer.from(detected.sandbox.name))
      return detected.sandbox.run(spec, signal)
    },
  }
}

async function emptied({ upper, work }: SandboxSpec): Promise<void> {
  for (const folder of [upper, work]) {
    await removeTree(folder)
    mkdirSync(folder)
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString()
}
