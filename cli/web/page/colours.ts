/** Colours of the style sheet, as canvases need them. Read anew for each picture: the reader may turn the lights off. */
export interface Colours {
  readonly ground: string
  readonly panel: string
  readonly ink: string
  readonly dim: string
  readonly line: string
  readonly faint: string
  readonly accent: string
  of(how: string): string
}

export const sans = "system-ui, -apple-system, 'Segoe UI', 'Inter', 'Noto Sans', 'DejaVu Sans', sans-serif"

export function coloursNow(): Colours {
  const sheet = getComputedStyle(document.documentElement)
  const value = (name: string): string => sheet.getPropertyValue(`--${name}`).trim()
  return { ground: value('ground'), panel: value('panel'), ink: value('ink'), dim: value('dim'), line: value('line'), faint: value('faint'), accent: value('accent'), of: (how) => value(how.replace(' ', '-')) }
}

/** As much of a text as fits, measured. */
export function fitted(ink: CanvasRenderingContext2D, text: string, width: number): string {
  if (ink.measureText(text).width <= width) return text
  let [least, most] = [0, text.length]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (ink.measureText(`${text.slice(0, middle)}…`).width <= width) least = middle
    else most = middle - 1
  }
  return least === 0 ? '' : `${text.slice(0, least)}…`
}
