import { spread } from '../measure.ts'
import type { ScenarioName } from './engine.ts'
import type { Shape } from './graph.ts'
import type { GraphResult } from './run-graph.ts'

export interface Plot {
  /** `<shape>-<scenario>.svg` */
  readonly file: string
  readonly svg: string
}

interface Point {
  readonly size: number
  /** The median, in milliseconds. */
  readonly wall: number
}

interface Line {
  readonly engine: string
  readonly points: readonly Point[]
}

const width = 720
const height = 440
const box = { left: 70, right: 560, top: 40, bottom: 390 }
const colours = ['#0b6e4f', '#c1121f', '#1d4e89', '#e07a1f', '#7b2d8b', '#5c5c5c', '#b08900', '#0aa1c0', '#d6457a', '#3a7d0a', '#8c564b']

/** Time against size, both logarithmic, for each shape and scenario that was measured at two sizes at least. A straight line of slope 1 is a constant cost for each action. */
export function plots(results: readonly GraphResult[]): readonly Plot[] {
  const shapes = [...new Set(results.map(({ shape }) => shape))]
  return shapes.flatMap((shape) => {
    const own = results.filter((result) => result.shape === shape)
    const scenarios = [...new Set(own.flatMap(({ rows }) => rows.map(({ scenario }) => scenario)))]
    return scenarios.flatMap((scenario) => {
      const lines = linesOf(own, scenario)
      return lines.length === 0 ? [] : [{ file: `${shape}-${scenario}.svg`, svg: draw(shape, scenario, lines) }]
    })
  })
}

function linesOf(results: readonly GraphResult[], scenario: ScenarioName): readonly Line[] {
  const points = new Map<string, Point[]>()
  for (const { size, rows } of results) {
    for (const [engine, cell] of Object.entries(rows.find((row) => row.scenario === scenario)?.cells ?? {})) {
      if (cell.kind !== 'measured') continue
      points.set(engine, [...(points.get(engine) ?? []), { size, wall: spread(cell.samples.map(({ wall }) => wall)).median }])
    }
  }
  return [...points].map(([engine, found]) => ({ engine, points: found.sort((a, b) => a.size - b.size) })).filter(({ points: found }) => found.length > 1)
}

function draw(shape: Shape, scenario: ScenarioName, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points)
  const x = axis(all.map(({ size }) => size), { from: box.left, to: box.right })
  const y = axis(all.map(({ wall }) => wall), { from: box.bottom, to: box.top })
  const grid = [
    ...x.marks.map((mark) => `<path d="M${x.at(mark)} ${box.top}V${box.bottom}"/><text x="${x.at(mark)}" y="${box.bottom + 18}" text-anchor="middle">${mark.toLocaleString('en')}</text>`),
    ...y.marks.map((mark) => `<path d="M${box.left} ${y.at(mark)}H${box.right}"/><text x="${box.left - 6}" y="${y.at(mark) + 4}" text-anchor="end">${mark.toLocaleString('en')} ms</text>`),
  ]
  const drawn = lines.map(({ engine, points }, i) => {
    const colour = colours[i % colours.length] ?? '#000'
    const path = points.map(({ size, wall }) => `${x.at(size)},${y.at(wall)}`).join(' ')
    const dots = points.map(({ size, wall }) => `<circle cx="${x.at(size)}" cy="${y.at(wall)}" r="3"><title>${engine}, ${size.toLocaleString('en')}: ${wall.toFixed(1)} ms</title></circle>`).join('')
    const legend = box.top + 14 + 20 * i
    return `<g stroke="${colour}" fill="${colour}"><polyline points="${path}" fill="none" stroke-width="2"/>${dots}<path d="M${box.right + 16} ${legend}h20" stroke-width="2"/><text x="${box.right + 42}" y="${legend + 4}" stroke="none">${engine}</text></g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/><text x="${box.left}" y="24" font-size="15">${shape}: ${scenario}</text>`,
    `<text x="${(box.left + box.right) / 2}" y="${box.bottom + 38}" text-anchor="middle">actions in the graph</text>`,
    `<g stroke="#ddd">${grid.join('').replaceAll('<text ', '<text stroke="none" fill="#444" ')}</g>`,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

/** Powers of ten around the values, and where a value is between them, to a tenth of a pixel. */
function axis(values: readonly number[], pixels: { readonly from: number; readonly to: number }) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const at = (value: number) => Math.round(10 * (pixels.from + ((Math.log10(value) - low) / (high - low)) * (pixels.to - pixels.from))) / 10
  return { at, marks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) }
}
