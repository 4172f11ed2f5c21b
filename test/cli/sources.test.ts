import { describe, expect, it } from 'vitest'
import { Rig } from '../rig.ts'
import { FileServer, sha256 } from './tiny-os.ts'

function recipe(uri: string, hash: string, mirrors = ''): string {
  return `package:
  name: a
  version: 1
  epoch: 0
  description: Fetches
  copyright: [{license: MIT}]
pipeline:
  - uses: fetch
    with:
      uri: ${uri}
      expected-sha256: ${hash}
      mirrors: |
        ${mirrors}
      extract: false
`
}

describe('sources', () => {
  it('refuses a file with another digest, and says which digest it has', async () => {
    await using server = await FileServer.start()
    server.files.set('/a.tar', Buffer.from('changed upstream'))
    await using rig = new Rig({ 'nacre.yaml': '', 'a.yaml': recipe(`${server.url}/a.tar`, '0'.repeat(64)) })
    const { code, stderr } = await rig.nacre(['build', 'a'])
    expect(code).toBe(1)
    expect(stderr).toContain(`error[source/digest-mismatch] No place has "${server.url}/a.tar" with the expected digest`)
    expect(stderr).toContain(`expected: sha256 ${'0'.repeat(64)}`)
    expect(stderr).toContain(`set expected-sha256: ${sha256(Buffer.from('changed upstream'))}`)
  })

  it('takes the file from a mirror when the first place has another one', async () => {
    await using server = await FileServer.start()
    server.files.set('/a.tar', Buffer.from('changed upstream'))
    server.files.set('/debian/pool/a.tar', Buffer.from('right'))
    await using rig = new Rig({ 'nacre.yaml': `mirrors: {debian: "${server.url}/debian"}\n`, 'a.yaml': recipe(`${server.url}/a.tar`, sha256(Buffer.from('right')), 'mirror://debian/pool/a.tar') })
    const { stderr } = await rig.nacre(['build', 'a', '--keep-going'])
    expect(stderr).toMatch(/ran {6}fetch a\.tar/)
    expect(server.asked).toEqual(['/a.tar', '/debian/pool/a.tar'])
  })
})
