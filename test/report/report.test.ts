import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rig } from '../rig.ts'
import { browserPath, OpenPage } from './page.ts'

/** Ends the script that it is in, if anything does, and says so. */
const hostile = `</script><script>alert(1)</script>"'<!--<img src=x onerror=alert(2)>`

const recipes = `
task:
  name: words
  inputs: [src/*.txt]
  run: echo "counted ${'`'}cat src/*.txt | wc -l${'`'} lines"; cat src/*.txt > words.txt
  outputs: [words.txt]
  environment: {HOSTILE: ${JSON.stringify(hostile)}}
---
task:
  name: upper
  needs: [words]
  run: tr a-z A-Z < words.txt > upper.txt
  outputs: [upper.txt]
---
task:
  name: site
  needs: [upper, words]
  run: cat upper.txt words.txt > site.txt
  outputs: [site.txt]
---
task:
  name: still
  run: echo still > still.txt
  outputs: [still.txt]
---
task:
  name: wrong
  needs: [upper]
  run: echo '${hostile.replaceAll("'", '')}'; exit 3
  outputs: [wrong.txt]
`

let rig: Rig
let file: string

beforeAll(async () => {
  rig = new Rig({ 'nacre.yaml': 'default: [site, still]\n', 'tasks.yaml': recipes, 'src/a.txt': 'one\n' })
  file = join(rig.folder, 'report.html')
  await rig.nacre(['build'])
  rig.write({ 'src/a.txt': 'two\n', 'tasks.yaml': recipes.replace('onerror=alert(2)', 'onerror=alert(3)') })
  await rig.nacre(['build', 'site', 'still', 'wrong', '--keep-going'])
}, 240_000)

afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

describe('nacre report', () => {
  it('says where the page is, and keeps hostile names from ending its script', async () => {
    expect(await rig.nacre(['report', '--to', file])).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`^${file}\n3 ran, 1 hit, 0 cut off, 1 failed in `)) })
    const html = readFileSync(file, 'utf8')
    expect(html.match(/<\/script>/g)?.length).toBe(2)
    expect(html).not.toContain('<img')
    expect(html).not.toMatch(/(src|href)="?https?:/)
  })

  it('is limited to targets, with what they need', async () => {
    const to = join(rig.folder, 'part.html')
    expect(JSON.parse((await rig.nacre(['report', 'upper', '--to', to, '--json'])).stdout)).toMatchObject({ file: to, actions: 2 })
    expect(await rig.nacre(['report', 'uper'])).toMatchObject({ code: 2, stderr: expect.stringContaining('cli/not-built') })
  })

  it('is not written anew when nothing ran', async () => {
    const before = readFileSync(file)
    await rig.nacre(['build', 'still'])
    await rig.nacre(['report', '--to', file])
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('wants a build first', async () => {
    await using empty = new Rig({ 'nacre.yaml': '' })
    expect(await empty.nacre(['report'])).toMatchObject({ code: 2, stderr: expect.stringContaining('cli/no-build') })
  })
})

describe.skipIf(browserPath === undefined)('the page in Chromium', () => {
  it('shows the graph, the timeline, the reasons and the summary, and asks nobody for anything', { timeout: 240_000 }, async () => {
    await rig.nacre(['report', '--to', file])
    await using open = await OpenPage.open(file)
    const { page } = open
    expect(await open.painted()).toBe(true)
    await open.tab('Timeline')
    expect(await open.painted()).toBe(true)
    await open.tab('Summary')
    expect(await page.locator('.sheet section').first().innerText()).toContain('task words')
    await open.tab('Reasons')
    expect(await page.locator('tbody tr').count()).toBe(4)
    await page.getByLabel('hit').check()
    expect(await page.locator('tbody tr').count()).toBe(5)
    expect(open.troubles).toEqual([])
  })

  it('tells of an action its key, inputs, outputs, reason and log, as text', { timeout: 240_000 }, async () => {
    await using open = await OpenPage.open(file, 'dark')
    const { page } = open
    await open.tab('Reasons')
    await page.getByRole('button', { name: 'task words' }).click()
    const told = await page.locator('aside').innerText()
    expect(told).toMatch(/[0-9a-f]{64}/)
    expect(told).toContain('onerror=alert(3)>')
    expect(told).toMatch(/src\/a\.txt changed from [0-9a-f]{12} to [0-9a-f]{12}/)
    expect(told).toContain('counted 1 lines')
    expect(told).toMatch(/tree [0-9a-f]{16}/)
    await page.locator('aside').getByRole('button', { name: 'task upper' }).click()
    expect(await page.locator('aside h2').innerText()).toBe('task upper')
    await page.getByRole('button', { name: 'task wrong' }).first().click()
    expect(await page.locator('aside').innerText()).toContain('The command ended with code 3')
    expect(open.troubles).toEqual([])
  })

  it('searches, filters, sorts, zooms and goes from action to action by keys', { timeout: 240_000 }, async () => {
    await using open = await OpenPage.open(file)
    const { page } = open
    await page.keyboard.press('/')
    await page.keyboard.type('upp')
    await page.keyboard.press('Enter')
    expect(await page.locator('aside h2').innerText()).toBe('task upper')
    await page.locator('.view:not([hidden]) canvas').focus()
    await page.keyboard.press('ArrowLeft')
    expect(await page.locator('aside h2').innerText()).toBe('task words')
    for (const key of ['+', '-', 'Shift+ArrowRight', '0']) await page.keyboard.press(key)
    expect(await open.painted()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await page.locator('aside').isHidden()).toBe(true)
    await page.getByRole('tab', { name: 'Graph' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await page.locator('tbody tr').count()).toBe(1)
    await page.getByRole('searchbox').fill('')
    await page.getByRole('button', { name: 'Action' }).click()
    expect(await page.locator('tbody tr td:first-child').allInnerTexts()).toEqual(['task site', 'task upper', 'task words', 'task wrong'])
    await page.getByRole('button', { name: 'Action' }).click()
    expect(await page.locator('tbody tr td:first-child').first().innerText()).toBe('task wrong')
    expect(new URL(page.url()).hash).toBe('#reasons')
    expect(open.troubles).toEqual([])
  })

  it('opens an action where it is clicked in the graph', { timeout: 240_000 }, async () => {
    await rig.nacre(['report', 'still', '--to', join(rig.folder, 'one.html')])
    await using open = await OpenPage.open(join(rig.folder, 'one.html'))
    expect(await open.painted()).toBe(true)
    // One box, in the middle.
    const canvas = await open.page.locator('.view:not([hidden]) canvas').boundingBox()
    await open.page.mouse.click((canvas?.x ?? 0) + (canvas?.width ?? 0) / 2, (canvas?.y ?? 0) + (canvas?.height ?? 0) / 2 - 15)
    expect(await open.page.locator('aside h2').innerText()).toBe('task still')
  })
})
