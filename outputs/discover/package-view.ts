/** One entry of a package, as far as discovery looks at it. */
export interface PackageFile {
  /** Relative, in `/` form. */
  readonly path: string
  /** Permission bits, 0o7777. */
  readonly mode: number
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Of a symlink, as written. */
  readonly target?: string
  read(): Promise<Uint8Array>
}

export interface PackageFiles {
  readonly name: string
  readonly files: readonly PackageFile[]
}

export interface Subject extends PackageFiles {
  /** With the release: `1.2.3-r4`. */
  readonly version: string
  /** Dependencies that the recipe declares: where it names a python, none is found. */
  readonly depends?: readonly string[]
}

/** What a generator sees: the package, its siblings from the same recipe, and where the loader looks for libraries. */
export interface PackageView {
  readonly subject: Subject
  /** The package itself first. */
  readonly family: readonly PackageFiles[]
  /** Folders whose libraries others may use, relative. */
  readonly libraryFolders: ReadonlySet<string>
  /** Version of the package that has a library, in the environment of the build; undefined turns versioned dependencies off. */
  readonly libraryVersion: ((soname: string) => string | undefined) | undefined
  find(path: string): { readonly owner: PackageFiles; readonly file: PackageFile } | undefined
}

export interface Finding {
  readonly kind: 'depends' | 'provides' | 'vendored'
  /** In apk's syntax. */
  readonly entry: string
  /** The file that says so. */
  readonly path: string
}

/** Looks at one file at a time; `content` reads it, once for all generators. */
export interface Generator {
  readonly name: string
  inspect(file: PackageFile, content: () => Promise<Uint8Array>, view: PackageView): Promise<readonly Finding[]>
}

const trusted = ['lib', 'usr/lib', 'lib64', 'usr/lib64']

export async function packageView(subject: Subject, siblings: readonly PackageFiles[], libraryVersion: PackageView['libraryVersion']): Promise<PackageView> {
  const family = [subject, ...siblings]
  const byPath = new Map<string, { readonly owner: PackageFiles; readonly file: PackageFile }>()
  for (const owner of [...family].reverse()) for (const file of owner.files) byPath.set(file.path, { owner, file })
  const extra = await Promise.all(family.flatMap(({ files }) => files.filter(isLoaderConfiguration).map(foldersIn)))
  return { subject, family, libraryFolders: new Set([...trusted, ...extra.flat()]), libraryVersion, find: (path) => byPath.get(path) }
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** May the text stand in a dependency: no white space, none of apk's own signs. */
export function isEntryName(text: string): boolean {
  return text !== '' && !/[\s!@<>=~\u0000-\u001f\u007f]/.test(text)
}

function isLoaderConfiguration({ path, kind }: PackageFile): boolean {
  return kind === 'file' && /^etc\/ld\.so\.conf\.d\/[^/]+\.conf$/.test(path)
}

async function foldersIn(file: PackageFile): Promise<readonly string[]> {
  const lines = Buffer.from(await file.read()).toString().split('\n').map((line) => line.replace(/#.*/, '').trim())
  return lines.filter((line) => line.startsWith('/')).map((line) => line.replace(/\/+$/, '').slice(1))
}
