import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'

/** Debian's Chromium. Without it, what needs a browser is skipped by name. */
export const browserPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'chromium')).find((path) => existsSync(path))

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** A page in a real browser, and everything that it complained of or asked the network for. */
export class OpenPage implements AsyncDisposable {
  readonly page: Page
  readonly troubles: readonly string[]
  readonly #browser: Browser
  readonly #home: string

  private constructor(parts: { readonly page: Page; readonly troubles: readonly string[]; readonly browser: Browser; readonly home: string }) {
    this.page = parts.page
    this.troubles = parts.troubles
    this.#browser = parts.browser
    this.#home = parts.home
  }

  /** Opens the file and waits until the page is whole. */
  static async open(file: string, scheme: 'light' | 'dark' = 'light'): Promise<OpenPage> {
    const home = mkdtempSync(join(tmpdir(), 'nacre-chromium-'))
    const browser = await chromium.launch({ executablePath: browserPath ?? '', args: quiet, env: { ...process.env, HOME: home }, timeout: 120_000 })
    const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, colorScheme: scheme })
    page.setDefaultTimeout(60_000)
    const troubles: string[] = []
    page.on('pageerror', (error) => troubles.push(String(error)))
    page.on('dialog', (dialog) => troubles.push(`dialog ${dialog.message()}`))
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()))
    page.on('request', (request) => !request.url().startsWith('file:') && troubles.push(`request ${request.url()}`))
    await page.goto(`file://${file}`)
    await page.waitForSelector('html[data-ready]')
    return new OpenPage({ page, troubles, browser, home })
  }

  tab(name: string): Promise<void> {
    return this.page.getByRole('tab', { name }).click()
  }

  /** Whether the canvas of the shown view has more than a ground and a few lines. */
  painted(): Promise<boolean> {
    return this.page.evaluate<boolean>(countColours)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close()
    rmSync(this.#home, { recursive: true, force: true })
  }
}

/** In the browser: waits for a picture, then counts what is in it. */
const countColours = `(async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  const canvas = document.querySelector('.view:not([hidden]) canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const colours = new Set()
  for (let i = 0; i < data.length; i += 4) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2])
  return colours.size > 8
})()`
