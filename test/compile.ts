import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The front door is tested as users run it, so dist/ must be of this very source. */
export default function compile(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../bin/prepare.js', import.meta.url))], { stdio: 'inherit' })
}
