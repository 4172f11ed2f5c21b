// The table of image recipes: apko's ImageConfiguration. Source: apko pkg/build/types/types.go and schema.json (v1.2).
// The `environment` of a package recipe is the same record.
import { boolean, integer, list, optional, record, text, textMap, texts, type Fields, type Of } from './type.ts'

const user = record('user', {
  username: { type: text(), doc: 'Login name.', required: true },
  uid: { type: integer, doc: 'Numeric user id.' },
  gid: { type: integer, doc: 'Numeric id of the primary group; the user id when it is left out.' },
  shell: { type: text(), doc: 'Login shell.' },
  homedir: { type: text(), doc: 'Home directory; `/home/NAME` when it is left out.' },
})

const group = record('group', {
  groupname: { type: text(), doc: 'Name of the group.', required: true },
  gid: { type: integer, doc: 'Numeric group id.' },
  members: { type: texts, doc: 'Login names of the users in the group.' },
})

const accounts = record('accounts', {
  'run-as': { type: text(), doc: 'User (name or number, with `:group` if wanted) that the program runs as.', example: '"65532"' },
  users: { type: list(user), doc: 'Users to add to /etc/passwd.' },
  groups: { type: list(group), doc: 'Groups to add to /etc/group.' },
})

const runtimeKey = record('runtime key', {
  name: { type: text(), doc: 'File name under /etc/apk/keys.', required: true },
  content: { type: text(), doc: 'The key itself, in PEM.', required: true },
})

const baseImage = record('base image', {
  image: { type: text(), doc: 'Folder of an OCI layout.' },
  apkindex: { type: text(), doc: 'Index of the packages in that image.' },
})

const contents = record('contents', {
  build_repositories: { type: texts, doc: 'Repositories used while building and not written into the image.', variables: 'exact' },
  runtime_repositories: { type: texts, doc: 'Repositories written into the image and not used while building.' },
  repositories: { type: texts, doc: 'Repositories to install from, each a URL or folder, with `@tag ` before it if only tagged packages may come from there.', variables: 'exact' },
  keyring: { type: texts, doc: 'Public keys that the repositories are signed with, as paths or URLs.', variables: 'exact' },
  runtime_keyring: { type: list(runtimeKey), doc: 'Public keys to write into the image.' },
  packages: { type: texts, doc: 'Packages to install, in apk\'s dependency syntax.', variables: 'strict', example: '[busybox, "curl~8.5", "!bash"]' },
  baseimage: { type: optional(baseImage), doc: 'Image to build upon.' },
})

const entrypoint = record('entrypoint', {
  type: { type: text(), doc: '`service-bundle` for several services under a supervisor; else leave it out.' },
  command: { type: text(), doc: 'Program and arguments, split as a shell would.', variables: 'exact', example: '/usr/bin/jq' },
  'shell-fragment': { type: text(), doc: 'Script for /bin/sh -c.', variables: 'exact' },
  services: { type: textMap, doc: 'Commands of a service bundle, by service name.', variables: 'exact' },
})

const path = record('path', {
  path: { type: text(), doc: 'Absolute path in the image.', required: true },
  type: { type: text({ choices: ['directory', 'empty-file', 'hardlink', 'symlink', 'permissions'] }), doc: 'What to make there.', required: true },
  uid: { type: optional(integer), doc: 'Owner.' },
  gid: { type: optional(integer), doc: 'Group.' },
  permissions: { type: integer, doc: 'Mode bits, in octal.', example: '0o755' },
  source: { type: text(), doc: 'Target of a link.' },
  recursive: { type: boolean, doc: 'Applies owner and mode to everything below.' },
})

const layering = record('layering', {
  strategy: { type: text({ choices: ['origin'] }), doc: 'How packages are put into layers: `origin` keeps those of one source package together.' },
  budget: { type: integer, doc: 'Most layers to make.' },
})

const certificate = record('certificate', {
  name: { type: text(), doc: 'Name of the file.', required: true },
  content: { type: text(), doc: 'One certificate in PEM.', required: true },
})

const certificates = record('certificates', {
  additional: { type: list(certificate), doc: 'Certificates to add to the trusted ones.' },
  providers: { type: texts, doc: 'Packages whose certificates are added.' },
})

const check = record('image check', {
  run: { type: texts, doc: 'Program of the image and its arguments.', required: true, example: '[/usr/bin/jq, --version]' },
  exit: { type: integer, doc: 'Exit code that it must end with.' },
  expect: { type: text(), doc: 'Regular expression that what it prints must match.' },
  environment: { type: textMap, doc: "Environment variables over the image's own." },
})

const imageTest = record('image test', {
  commands: { type: list(check), doc: "Commands that are run one after the other in the image's own root." },
  packages: { type: texts, doc: 'Packages whose files lie under that root meanwhile, for an image that holds nothing to run; they are not in the image.', example: '[busybox]' },
})

const imageFields = {
  name: { type: text({ pattern: '^[a-z0-9][a-z0-9._-]*$' }), doc: 'Name of the target (`image:NAME`); the file\'s name without its ending when it is left out.', nacre: true },
  contents: { type: contents, doc: 'What is installed, and from where.' },
  entrypoint: { type: entrypoint, doc: 'What runs when the image is started.' },
  cmd: { type: text(), doc: 'Arguments when none are given.', variables: 'exact' },
  'stop-signal': { type: text(), doc: 'Signal that ends the program.', example: 'SIGTERM' },
  'work-dir': { type: text(), doc: 'Directory that the program starts in.', variables: 'exact' },
  accounts: { type: accounts, doc: 'Users, groups and who the program runs as.' },
  archs: { type: texts, doc: 'Architectures to make the image for, by apk or OCI name.', example: '[x86_64, aarch64]' },
  environment: { type: textMap, doc: 'Environment variables.', variables: 'exact' },
  paths: { type: list(path), doc: 'Files and directories to make or change after installing.' },
  'vcs-url': { type: text(), doc: 'Repository and commit of the recipe.', variables: 'exact' },
  annotations: { type: textMap, doc: 'OCI annotations.', variables: 'exact' },
  include: { type: text(), doc: 'Image recipe whose content this one extends: maps join, lists of the included one come first.' },
  volumes: { type: texts, doc: 'Directories that hold data.', variables: 'exact' },
  layering: { type: optional(layering), doc: 'How packages are put into layers.' },
  certificates: { type: optional(certificates), doc: 'Certificate authorities to trust.' },
  format: { type: text({ choices: ['tar', 'erofs'] }), doc: 'Form of the layers.' },
  test: { type: imageTest, doc: 'What the finished image must do.', nacre: true },
} as const satisfies Fields

export const imageRecipe = record('image recipe', imageFields)
export type ImageRecipe = Of<typeof imageRecipe>

/** As the environment of a package recipe, which has no name of its own. */
const { name: _name, test: _test, ...environmentFields } = imageFields
export const environment = record('environment', environmentFields)
export type Environment = Of<typeof environment>
export type Accounts = Of<typeof accounts>
