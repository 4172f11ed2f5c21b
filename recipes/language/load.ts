import { readFileSync } from 'node:fs'
import { complaints, errno, ok, type Checked } from '../../base/result.ts'
import type { SourceFile } from '../../base/source.ts'
import { unreadable } from './complaints.ts'

/** Reads a text file; `shown` is the path that messages use. A file that is missing or no UTF-8 is a complaint. */
export function loadSource(path: string, shown = path): Checked<SourceFile> {
  try {
    const bytes = readFileSync(path)
    const text = bytes.toString('utf8')
    if (text.includes('\uFFFD') && !Buffer.from(text).equals(bytes)) return complaints([unreadable(shown, 'it is not UTF-8')])
    return ok({ path: shown, text })
  } catch (error) {
    const code = errno(error)
    if (code === undefined) throw error
    return complaints([unreadable(shown, REASONS[code] ?? code)])
  }
}

const REASONS: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'permission denied', EISDIR: 'it is a folder' }
