/** Ctrl-C and a polite kill as an AbortSignal; a second one ends the process at once, since the first may be what hangs. */
export function interrupts(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Error('interrupted'))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, stop)
    },
  }
}
