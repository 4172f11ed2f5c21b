/** How the picture lies under the canvas: a point of it is at `x * scaleX + dx` pixels. */
export interface Lens {
  scaleX: number
  scaleY: number
  dx: number
  dy: number
}

/** What a view does with its canvas. Points are those of the picture. */
export interface Scene {
  paint(ink: CanvasRenderingContext2D, lens: Lens, size: { readonly width: number; readonly height: number }): void
  hover(x: number, y: number, at: { readonly left: number; readonly top: number }): void
  click(x: number, y: number): void
  key(name: string): boolean
  /** Zooms the horizontal alone. */
  readonly flat: boolean
  readonly scales: { readonly least: number; readonly most: number }
}

/** A canvas that is zoomed by the wheel, the keys + and -, and two fingers; panned by dragging and arrows. It draws only what changed, once a frame. */
export class Surface {
  readonly canvas: HTMLCanvasElement
  readonly lens: Lens = { scaleX: 1, scaleY: 1, dx: 0, dy: 0 }
  readonly #scene: Scene
  #waiting = false
  #drag: { readonly x: number; readonly y: number; moved: boolean } | undefined

  constructor(canvas: HTMLCanvasElement, scene: Scene) {
    this.canvas = canvas
    this.#scene = scene
    new ResizeObserver(() => this.draw()).observe(canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw())
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
    canvas.addEventListener('pointerdown', (event) => this.#down(event))
    canvas.addEventListener('pointermove', (event) => this.#move(event))
    canvas.addEventListener('pointerup', (event) => this.#up(event))
    canvas.addEventListener('pointerleave', () => scene.hover(Number.NaN, Number.NaN, { left: 0, top: 0 }))
    canvas.addEventListener('keydown', (event) => this.#key(event))
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight }
  }

  draw(): void {
    if (this.#waiting) return
    this.#waiting = true
    requestAnimationFrame(() => {
      this.#waiting = false
      this.#paint()
    })
  }

  zoom(by: number, x = this.size.width / 2, y = this.size.height / 2): void {
    const { lens } = this
    const { least, most } = this.#scene.scales
    const scale = Math.min(most, Math.max(least, lens.scaleX * by))
    const real = scale / lens.scaleX
    lens.dx = x - (x - lens.dx) * real
    lens.scaleX = scale
    if (!this.#scene.flat) {
      lens.dy = y - (y - lens.dy) * real
      lens.scaleY = scale
    }
    this.draw()
  }

  pan(dx: number, dy: number): void {
    this.lens.dx += dx
    this.lens.dy += dy
    this.draw()
  }

  #paint(): void {
    const { width, height } = this.size
    const ink = this.canvas.getContext('2d')
    if (width === 0 || ink === null) return
    const ratio = devicePixelRatio
    this.canvas.width = Math.round(width * ratio)
    this.canvas.height = Math.round(height * ratio)
    ink.scale(ratio, ratio)
    this.#scene.paint(ink, this.lens, { width, height })
  }

  #point(event: MouseEvent): readonly [number, number] {
    const { lens } = this
    return [(event.offsetX - lens.dx) / lens.scaleX, (event.offsetY - lens.dy) / lens.scaleY]
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault()
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return this.pan(-event.deltaX, this.#scene.flat ? -event.deltaY : 0)
    this.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY)
  }

  #down(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId)
    this.#drag = { x: event.offsetX, y: event.offsetY, moved: false }
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag
    if (drag === undefined) return this.#scene.hover(...this.#point(event), { left: event.offsetX, top: event.offsetY })
    if (!drag.moved && Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) < 4) return
    drag.moved = true
    this.pan(event.movementX, event.movementY)
  }

  #up(event: PointerEvent): void {
    const clicked = this.#drag?.moved === false
    this.#drag = undefined
    if (clicked) this.#scene.click(...this.#point(event))
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const steps: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }
    const step = steps[event.key]
    if (this.#scene.key(event.shiftKey ? `Shift ${event.key}` : event.key)) event.preventDefault()
    else if (event.key === '+' || event.key === '=') this.zoom(1.25)
    else if (event.key === '-') this.zoom(0.8)
    else if (step !== undefined) {
      event.preventDefault()
      this.pan(...step)
    }
  }
}
