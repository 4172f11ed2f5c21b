import { statfsSync } from 'node:fs'

// File systems of which every change goes through this kernel, so that it can tell (statfs(2)). What others change on a server, in a
// virtual machine's host or behind a FUSE program raises no event here.
const local: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs: a change of its lower layers while it is mounted is forbidden anyhow
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
  0x2fc12fc1, // zfs
  0x3153464a, // jfs
])

const known = new Map<number, boolean>()

/** Whether every change of what is in the folder raises an event; `device` is its `st_dev`. */
export function tellsChanges(folder: string, device: number): boolean {
  const before = known.get(device)
  if (before !== undefined) return before
  const tells = local.has(statfsSync(folder).type)
  known.set(device, tells)
  return tells
}
