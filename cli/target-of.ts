/** The target that an action is a part of: `package:zlib` of `package:zlib/build`. A task is one action, and its name may hold slashes. */
export function targetOf(id: string): string {
  const slash = id.startsWith('task:') ? -1 : id.indexOf('/')
  return slash === -1 ? id : id.slice(0, slash)
}
