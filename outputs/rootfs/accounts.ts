// passwd(5), group(5), shadow(5), edited in the order and with the defaults of apko (accounts of its image configuration).
import { type Diagnostic } from '../../base/diagnostic.ts'
import { textContent } from './content.ts'
import { parentOf, plainDirectory, plainFile, type VirtualTree } from './virtual-tree.ts'

export interface UserAccount {
  readonly username: string
  readonly uid: number
  /** The user's own number when left out. */
  readonly gid?: number
  readonly shell?: string
  readonly homedir?: string
}

export interface GroupAccount {
  readonly groupname: string
  readonly gid: number
  readonly members?: readonly string[]
}

export interface Accounts {
  /** A name, a number, or `user:group`. */
  readonly 'run-as'?: string
  readonly users?: readonly UserAccount[]
  readonly groups?: readonly GroupAccount[]
}

/** What the packages brought. A file that is absent is the empty text. */
export interface AccountFiles {
  readonly passwd: string
  readonly group: string
  readonly shadow: string
}

export interface AccountEdit extends AccountFiles {
  readonly diagnostics: readonly Diagnostic[]
}

const comment = 'Account created by nacre'

/** Adds the accounts. One that is there already with the same number stays as it is; with another number it is a complaint. */
export function addAccounts(files: AccountFiles, accounts: Accounts): AccountEdit {
  const group = new Table(files.group, 2)
  const passwd = new Table(files.passwd, 2)
  const shadow = new Table(files.shadow, undefined)
  const diagnostics: Diagnostic[] = []
  for (const each of accounts.groups ?? []) {
    if (!group.add(each.groupname, each.gid, `x:${each.gid}:${(each.members ?? []).join(',')}`)) diagnostics.push(taken('group', each.groupname, each.gid, group))
    else group.addMembers(each.groupname, each.members ?? [])
  }
  for (const each of accounts.users ?? []) {
    const line = `x:${each.uid}:${each.gid ?? each.uid}:${comment}:${homeOf(each)}:${each.shell ?? '/bin/sh'}`
    if (!passwd.add(each.username, each.uid, line)) diagnostics.push(taken('user', each.username, each.uid, passwd))
    else shadow.add(each.username, undefined, '!:::::::')
  }
  return { passwd: passwd.text(), group: group.text(), shadow: shadow.text(), diagnostics }
}

/** The home that an account says, or apko's default. */
export function homeOf(user: UserAccount): string {
  return user.homedir ?? `/home/${user.username}`
}

/** The OCI `User`: a name of passwd becomes its number, a number and `user:group` stay as they are. */
export function resolveRunAs(runAs: string, passwd: string): string | Diagnostic {
  if (/^[0-9]+$/.test(runAs) || runAs.includes(':')) return runAs
  const uid = new Table(passwd, 2).id(runAs)
  if (uid !== undefined) return String(uid)
  return { code: 'image/unknown-run-as', severity: 'error', message: `No user "${runAs}" to run as`, hint: 'Add it to accounts.users, or give its number' }
}

/** Writes edited texts into a tree and makes the homes of the configured users: 0700, theirs. Files that did not change are left alone. */
export function writeAccounts(tree: VirtualTree, before: AccountFiles, after: AccountFiles): void {
  rewrite(tree, 'etc/passwd', before.passwd, after.passwd, 0o644)
  rewrite(tree, 'etc/group', before.group, after.group, 0o644)
  rewrite(tree, 'etc/shadow', before.shadow, after.shadow, 0o640)
}

/** A home that exists is left as its package made it; /dev/null is no home. */
export function makeHomes(tree: VirtualTree, users: readonly UserAccount[]): void {
  for (const user of users) {
    const home = homeOf(user).replace(/^\/+|\/+$/g, '')
    if (home === '' || home === 'dev/null') continue
    tree.makeDirectory(home, { ...plainDirectory, mode: 0o700, uid: user.uid, gid: user.gid ?? user.uid })
  }
}

function rewrite(tree: VirtualTree, path: string, before: string, after: string, mode: number): void {
  if (before === after) return
  tree.makeDirectory(parentOf(path), plainDirectory)
  const real = tree.resolve(path) ?? path
  const old = tree.file(path)
  tree.set(real, old === undefined ? plainFile(textContent(after), mode) : { ...old, content: textContent(after) })
}

function taken(what: string, name: string, id: number, table: Table): Diagnostic {
  return {
    code: 'image/account-taken',
    severity: 'error',
    message: `The ${what} "${name}" has number ${table.id(name)} in the image's packages, not ${id}`,
    hint: 'Use that number, or another name',
  }
}

/** Colon-separated lines, kept as they are but for what is added. */
class Table {
  readonly #lines: string[]
  readonly #idColumn: number | undefined

  constructor(text: string, idColumn: number | undefined) {
    this.#lines = text.split('\n').filter((line) => line !== '')
    this.#idColumn = idColumn
  }

  id(name: string): number | undefined {
    const text = this.#idColumn === undefined ? undefined : this.#find(name)?.split(':')[this.#idColumn]
    return text === undefined || !/^[0-9]+$/.test(text) ? undefined : Number(text)
  }

  /** False when the name is there with another number. */
  add(name: string, id: number | undefined, rest: string): boolean {
    if (this.#find(name) === undefined) this.#lines.push(`${name}:${rest}`)
    return id === undefined || this.id(name) === id
  }

  addMembers(name: string, members: readonly string[]): void {
    const at = this.#lines.findIndex((line) => line.startsWith(`${name}:`))
    const [group = name, password = 'x', gid = '', listed = ''] = this.#lines[at]?.split(':') ?? []
    const all = new Set([...listed.split(',').filter((member) => member !== ''), ...members])
    this.#lines[at] = [group, password, gid, [...all].join(',')].join(':')
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }

  #find(name: string): string | undefined {
    return this.#lines.find((line) => line.startsWith(`${name}:`))
  }
}
