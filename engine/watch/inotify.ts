// inotify(7) as a source of changes. Node's own fs.watch is no ground for answers that must be right: it hides an overflow, and what it
// has read ahead can't be waited for. Here the queue is read when the question arrives, and the kernel queues an event before the call
// that caused it returns.
import { openSync } from 'node:fs'
import { Fault } from '../../base/result.ts'
import type { Change, ChangeSource, Drained, Interest } from './changes.ts'
import { systemCalls, type SystemCalls } from './system-calls.ts'

/** Undefined when this machine has no inotify, or no binary to call it with. */
export function openInotify(calls: SystemCalls | undefined = systemCalls()): ChangeSource | undefined {
  const queue = calls?.inotify() ?? -1
  return calls === undefined || queue < 0 ? undefined : new Inotify(calls, queue)
}

const modified = 0x2
const attributes = 0x4
const closedAfterWriting = 0x8
const movedFrom = 0x40
const movedTo = 0x80
const created = 0x100
const deleted = 0x200
const selfDeleted = 0x400
const selfMoved = 0x800
const unmounted = 0x2000
const overflowed = 0x4000
const ignored = 0x8000
const onlyFolder = 0x0100_0000
const dontFollow = 0x0200_0000
const addToMask = 0x2000_0000

const self = selfDeleted | selfMoved
const names = movedFrom | movedTo | created | deleted

const masks: Readonly<Record<Interest, number>> = {
  // Closing tells of what was written through a mapping, which nothing else does.
  folder: modified | attributes | closedAfterWriting | names | self | onlyFolder,
  losses: movedFrom | deleted | self | onlyFolder,
  way: names | self | onlyFolder,
  self: self | onlyFolder,
  link: self | dontFollow,
}

/** Bytes of an event without its name: watch, mask, cookie, length of the name. */
const headLength = 16

class Inotify implements ChangeSource {
  readonly #calls: SystemCalls
  readonly #queue: number
  readonly #mounts = openSync('/proc/self/mountinfo', 'r')
  readonly #buffer = Buffer.allocUnsafe(256 * 1024)
  #wake: (() => void) | undefined
  #armed = false
  readonly #onSignal = (): void => this.#signalled()

  constructor(calls: SystemCalls, queue: number) {
    this.#calls = calls
    this.#queue = queue
  }

  watch(path: string, interest: Interest): number | undefined {
    // Two paths may lead to one place, with different interests: they add up.
    const watch = this.#calls.add(this.#queue, path, masks[interest] | addToMask)
    return watch < 0 ? undefined : watch
  }

  unwatch(watch: number): void {
    this.#calls.remove(this.#queue, watch)
  }

  drain(): Drained {
    // Before reading: what comes after the last read raises a signal.
    if (this.#wake !== undefined && !this.#armed) this.#arm()
    const changes: Change[] = []
    // A mount hides what is below it, and no event says so.
    let overflow = this.#calls.mounted(this.#mounts)
    for (let length = this.#read(); length > 0; length = this.#read()) {
      for (let at = 0; at < length; ) {
        const mask = this.#buffer.readUInt32LE(at + 4)
        const nameLength = this.#buffer.readUInt32LE(at + 12)
        const name = nameOf(this.#buffer, at + headLength, nameLength)
        if ((mask & overflowed) !== 0) overflow = true
        else changes.push(...changesOf(this.#buffer.readInt32LE(at), mask, name))
        at += headLength + nameLength
      }
    }
    return overflow ? { kind: 'overflow' } : { kind: 'changes', changes }
  }

  onChange(wake: () => void): void {
    if (this.#wake === undefined) process.on('SIGIO', this.#onSignal)
    this.#wake = wake
    this.#arm()
  }

  [Symbol.dispose](): void {
    this.#calls.signal(this.#queue, false)
    process.off('SIGIO', this.#onSignal)
    this.#calls.close(this.#queue)
    this.#calls.close(this.#mounts)
  }

  #read(): number {
    return this.#calls.read(this.#queue, this.#buffer)
  }

  /** What is queued already raises no signal: whoever arms drains next. */
  #arm(): void {
    this.#armed = true
    if (this.#calls.signal(this.#queue, true) !== 0) throw new Fault('machine', "The kernel can't tell of changes: fcntl failed on an inotify queue")
  }

  /** One signal and no more until the queue is drained: a flood of events must not be a flood of signals. */
  #signalled(): void {
    if (!this.#armed) return
    this.#armed = false
    this.#calls.signal(this.#queue, false)
    this.#wake?.()
  }
}

/** The name is padded with NULs. */
function nameOf(buffer: Buffer, at: number, length: number): string {
  if (length === 0) return ''
  const end = buffer.indexOf(0, at)
  return buffer.toString('utf8', at, end === -1 || end > at + length ? at + length : end)
}

function changesOf(watch: number, mask: number, name: string): readonly Change[] {
  if ((mask & (self | unmounted | ignored)) !== 0) return [{ watch, name: '', what: 'gone' }]
  if ((mask & (created | movedTo)) !== 0) return [{ watch, name, what: 'came' }]
  if ((mask & (deleted | movedFrom)) !== 0) return [{ watch, name, what: 'went' }]
  return [{ watch, name, what: 'content' }]
}
