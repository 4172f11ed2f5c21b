import { expect, it } from 'vitest'
import { IndexDb } from '../../cache/index-db.ts'
import { layoutOf } from '../../cache/layout.ts'
import { resultsStamp } from '../../cache/stamp.ts'
import { tempFolder } from './temp-folder.ts'

it('gives the store another stamp after each commit to its index, and the same after looks at it, by whatever process', async () => {
  const layout = layoutOf(tempFolder())
  expect(resultsStamp(layout)).toBe('')
  const index = new IndexDb(layout)
  const [table, other] = [index.texts('some'), index.texts('other')]
  index.settle()
  const seen = new Set([resultsStamp(layout)])
  expect(other.get('name')).toBeUndefined()
  seen.add(resultsStamp(layout))
  expect(seen.size).toBe(1)
  for (let i = 0; i < 50; i++) {
    await table.put('name', String(i % 2))
    seen.add(resultsStamp(layout))
    expect(table.get('name')).toBe(String(i % 2))
    seen.add(resultsStamp(layout))
  }
  expect(seen.size).toBe(51)
  await index.close()
  const last = resultsStamp(layout)
  const again = new IndexDb(layout)
  expect(again.texts('some').get('name')).toBe('1')
  await again.close()
  expect(resultsStamp(layout)).toBe(last)
  expect(seen.has(last)).toBe(true)
})
