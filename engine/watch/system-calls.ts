import { createRequire } from 'node:module'
import { closeSync } from 'node:fs'

/** The few calls of the C library that Node has no word for (inotify(7), fcntl(2)). A number below 0 is a failure. */
export interface SystemCalls {
  /** A file descriptor that doesn't block and isn't passed on to children. */
  inotify(): number
  add(queue: number, path: string, mask: number): number
  remove(queue: number, watch: number): number
  /** Bytes read; below 0 when there is nothing. */
  read(file: number, into: Uint8Array): number
  /** Asks the kernel for a SIGIO to this process when the descriptor becomes readable, or no more. */
  signal(file: number, wanted: boolean): number
  /** Whether the mount table that `file` is (/proc/self/mountinfo, proc_pid_mountinfo(5)) has changed since it was opened or asked last. */
  mounted(file: number): boolean
  close(file: number): void
}

type Foreign = (...parameters: readonly (number | string | Uint8Array)[]) => number

interface ForeignLibrary {
  func(declaration: string): Foreign
}

const nonblocking = 0o4000
const closeOnExec = 0o2000000
const asynchronous = 0o20000
const setFlags = 4
const setOwner = 8
const urgent = 0x2

/** Undefined on a machine for which there is no binary: then nothing can be watched, and everything is looked at. */
export function systemCalls(): SystemCalls | undefined {
  const library = openLibrary()
  if (library === undefined) return undefined
  const inotify = library.func('int inotify_init1(int flags)')
  const add = library.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)')
  const remove = library.func('int inotify_rm_watch(int fd, int watch)')
  const read = library.func('long read(int fd, void *bytes, size_t count)')
  const poll = library.func('int poll(void *files, unsigned long count, int timeout)')
  const asked = Buffer.alloc(8)
  const control = library.func('int fcntl(int fd, int command, long argument)')
  return {
    inotify: () => inotify(nonblocking | closeOnExec),
    add: (queue, path, mask) => add(queue, path, mask),
    remove: (queue, watch) => remove(queue, watch),
    read: (file, into) => Number(read(file, into, into.length)),
    signal: (file, wanted) => control(file, setOwner, process.pid) | control(file, setFlags, wanted ? nonblocking | asynchronous : nonblocking),
    mounted: (file) => {
      asked.writeInt32LE(file, 0)
      asked.writeInt32LE(urgent, 4)
      return poll(asked, 1, 0) > 0
    },
    close: (file) => closeSync(file),
  }
}

/** The binary of koffi for this machine. Its wrapper package is left out: it has an install script, and adds nothing that is used here. */
function openLibrary(): ForeignLibrary | undefined {
  try {
    const koffi: { load(path: null): ForeignLibrary } = createRequire(import.meta.url)(`@koromix/koffi-linux-${process.arch}`)
    return koffi.load(null)
  } catch {
    return undefined
  }
}
