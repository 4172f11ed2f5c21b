import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'

/** The entries of a packed data member as the vectors list them. */
export async function readTar(packed: Uint8Array): Promise<readonly unknown[]> {
  const reader = extract()
  reader.end(gunzipSync(packed))
  const entries: unknown[] = []
  for await (const entry of reader) {
    const { header } = entry
    entry.resume()
    const sums = header.pax as Readonly<Record<string, string>> | null | undefined
    const type = header.type === 'directory' ? 'dir' : header.type
    entries.push({
      path: header.name.replace(/\/$/, ''),
      type,
      mode: (header.mode ?? 0).toString(8).padStart(4, '0'),
      uid: header.uid,
      gid: header.gid,
      uname: header.uname,
      gname: header.gname,
      ...(type === 'symlink' ? { link: header.linkname } : {}),
      ...(type === 'file' ? { size: header.size } : {}),
      ...(sums?.['APK-TOOLS.checksum.SHA1'] === undefined ? {} : { sha1: sums['APK-TOOLS.checksum.SHA1'] }),
    })
  }
  return entries
}
