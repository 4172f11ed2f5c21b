import { type Checked, complaints, ok } from '../../base/result.ts'
import { type ApkHead, badPackage, readHead } from './control.ts'
import { type SigningKey, signatureMember } from './sign.ts'

/** What a signed apk begins with, in place of the first `controlFrom` bytes of the file: signatures that it had are dropped. */
export function signHead(head: ApkHead, key: SigningKey): Promise<Uint8Array> {
  return signatureMember(head.control, key, head.record.buildDate)
}

/** A whole apk in memory, signed. The identity of the package stays: it is that of the control member. Complaint `apk/bad-package`. */
export async function signApk(name: string, apk: Uint8Array, key: SigningKey): Promise<Checked<Uint8Array>> {
  const head = await readHead(name, apk)
  if (head === undefined) return complaints([badPackage(name, 'it ends before its data')])
  if (head.kind === 'complaints') return head
  return ok(Buffer.concat([await signHead(head.value, key), apk.subarray(head.value.controlFrom)]))
}
