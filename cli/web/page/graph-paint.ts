import { type Colours, fitted, sans } from './colours.ts'
import type { Model } from './model.ts'
import type { Box, Picture } from './picture.ts'
import type { Lens } from './surface.ts'

export const boxWidth = 200
export const boxHeight = 28

/** Scales from which on a box has its name, and an edge its curve. */
const readable = 0.4
/** Edges that are drawn as curves at most: of more, straight lines show as much. */
const mostCurves = 4000

export interface Painting {
  readonly picture: Picture
  readonly model: Model
  readonly lens: Lens
  readonly size: { readonly width: number; readonly height: number }
  readonly colours: Colours
}

/** Edges first, boxes over them; what is connected with the selected box stands out. Only what is in sight is drawn. */
export function paintPicture(ink: CanvasRenderingContext2D, painting: Painting): void {
  const { picture, lens, model } = painting
  const selected = model.selected === undefined ? undefined : picture.boxOf.get(model.selected)
  const near = selected === undefined ? undefined : connected(picture, selected)
  ink.translate(lens.dx, lens.dy)
  ink.scale(lens.scaleX, lens.scaleY)
  paintEdges(ink, painting, near)
  const dim = (i: number, box: Box): boolean => (near !== undefined && !near.has(i)) || (model.found.size > 0 && !box.places.some((place) => model.found.has(place)))
  picture.boxes.forEach((box, i) => inSight(painting, box) && paintBox(ink, painting, { box, dim: dim(i, box), selected: i === selected }))
}

/** The box itself, all that it needs, and all that needs it. */
function connected({ edges, boxes }: Picture, from: number): ReadonlySet<number> {
  const found = new Set([from])
  for (const end of [0, 1] as const) {
    const lists: number[][] = boxes.map(() => [])
    for (let i = 0; i + 1 < edges.length; i += 2) lists[edges[i + end] ?? 0]?.push(edges[i + 1 - end] ?? 0)
    const reached = new Set([from])
    for (const at of reached) for (const next of lists[at] ?? []) reached.add(next)
    for (const one of reached) found.add(one)
  }
  return found
}

function inSight({ lens, size }: Painting, { x, y }: Pick<Box, 'x' | 'y'>): boolean {
  const [left, top] = [x * lens.scaleX + lens.dx, y * lens.scaleY + lens.dy]
  return left < size.width && left + boxWidth * lens.scaleX > 0 && top < size.height && top + boxHeight * lens.scaleY > 0
}

/** Three strokes in all: plain edges, those of what is connected, those of the critical path. */
function paintEdges(ink: CanvasRenderingContext2D, painting: Painting, near: ReadonlySet<number> | undefined): void {
  const { picture, lens, colours } = painting
  const { edges, boxes } = picture
  const curved = edges.length / 2 <= mostCurves
  const [plain, close, critical] = [new Path2D(), new Path2D(), new Path2D()]
  for (let i = 0; i + 1 < edges.length; i += 2) {
    const [from, to] = [boxes[edges[i] ?? 0], boxes[edges[i + 1] ?? 0]]
    if (from === undefined || to === undefined || !crossesSight(painting, from, to)) continue
    const stands = near === undefined || (near.has(edges[i] ?? 0) && near.has(edges[i + 1] ?? 0))
    trace(picture.critical.has(`${edges[i] ?? 0} ${edges[i + 1] ?? 0}`) ? critical : stands && near !== undefined ? close : plain, from, to, curved)
  }
  const thin = Math.max(1, 0.7 / lens.scaleX)
  const stroke = (path: Path2D, colour: string, width: number, alpha: number): void => {
    ink.globalAlpha = alpha
    ink.strokeStyle = colour
    ink.lineWidth = width
    ink.stroke(path)
    ink.globalAlpha = 1
  }
  stroke(plain, curved ? colours.dim : colours.line, thin, near === undefined ? (curved ? 0.38 : 0.7) : 0.15)
  stroke(close, colours.ink, thin * 1.3, 0.75)
  stroke(critical, colours.accent, thin * 2, 0.95)
}

function crossesSight({ lens, size }: Painting, from: Box, to: Box): boolean {
  const left = (from.x + boxWidth) * lens.scaleX + lens.dx
  const right = to.x * lens.scaleX + lens.dx
  const [a, b] = [from.y, to.y].map((y) => (y + boxHeight / 2) * lens.scaleY + lens.dy)
  return Math.min(left, right) < size.width && Math.max(left, right) > 0 && Math.min(a ?? 0, b ?? 0) < size.height && Math.max(a ?? 0, b ?? 0) > 0
}

function trace(path: Path2D, from: Box, to: Box, curved: boolean): void {
  const [x, y, toX, toY] = [from.x + boxWidth, from.y + boxHeight / 2, to.x, to.y + boxHeight / 2]
  path.moveTo(x, y)
  if (!curved) return path.lineTo(toX, toY)
  const bend = Math.max(25, (toX - x) / 2)
  path.bezierCurveTo(x + bend, y, toX - bend, toY, toX, toY)
}

function paintBox(ink: CanvasRenderingContext2D, { lens, colours, model }: Painting, { box, dim, selected }: { readonly box: Box; readonly dim: boolean; readonly selected: boolean }): void {
  const colour = colours.of(box.how)
  const found = !dim && model.found.size > 0
  ink.globalAlpha = dim ? 0.25 : 1
  ink.fillStyle = box.how === 'hit' || box.how === 'skipped' || box.places.length > 1 || lens.scaleX >= readable ? colours.panel : colour
  ink.strokeStyle = selected ? colours.ink : box.critical || found ? colours.accent : box.how === 'hit' || box.how === 'skipped' ? colours.line : colour
  ink.lineWidth = (selected ? 2 : box.critical || found ? 1.6 : 1) * Math.max(1, 0.6 / lens.scaleX)
  ink.beginPath()
  ink.roundRect(box.x, box.y, boxWidth, boxHeight, 5)
  ink.fill()
  if (box.places.length > 1) tint(ink, box, colour)
  ink.stroke()
  if (lens.scaleX >= readable) {
    ink.fillStyle = colour
    ink.beginPath()
    ink.roundRect(box.x + 8, box.y + 9.5, 9, 9, 2)
    ink.fill()
    ink.font = `12.5px ${sans}`
    ink.textBaseline = 'middle'
    ink.fillStyle = box.how === 'hit' || box.how === 'skipped' ? colours.dim : colours.ink
    ink.fillText(fitted(ink, box.label, boxWidth - 32), box.x + 24, box.y + boxHeight / 2 + 0.5)
  }
  ink.globalAlpha = 1
}

/** The more of a group ran, the more colour it has. */
function tint(ink: CanvasRenderingContext2D, { active }: Box, colour: string): void {
  const before = ink.globalAlpha
  ink.globalAlpha = before * active * 0.55
  ink.fillStyle = colour
  ink.fill()
  ink.globalAlpha = before
}
