// The table of package recipes: melange's Configuration. Source: melange pkg/config/config.go and schema.json (v0.59), facts/recipes.md section 1.
import { environment, type Environment } from './image.ts'
import { step } from './step.ts'
import { boolean, digits, duration, list, map, optional, record, text, textMap, texts, type Fields, type Of } from './type.ts'
import { update } from './update.ts'

export const PACKAGE_NAME = '^[a-zA-Z\\d][a-zA-Z\\d+_.-]*$'
const CPE_VALUE = '^[a-z\\d][a-z\\d+_.-]*$'

const dependencies = record('dependencies', {
  runtime: { type: texts, doc: 'Packages that must be installed with this one, in apk\'s dependency syntax.', variables: 'strict' },
  provides: { type: texts, doc: 'Other names that this package answers to.', variables: 'strict' },
  replaces: { type: texts, doc: 'Packages whose files this one may overwrite.', variables: 'strict' },
  'provider-priority': { type: text(), doc: 'Whole number: the highest of several providers is chosen.', variables: 'strict' },
  'replaces-priority': { type: text(), doc: 'Whole number: the highest of several owners keeps a file.', variables: 'strict' },
})
export type Dependencies = Of<typeof dependencies>

const packageOptions = record('package options', {
  'no-provides': { type: boolean, doc: 'Provides nothing that was found in its files.' },
  'no-depends': { type: boolean, doc: 'Depends on nothing that was found in its files.' },
  'no-commands': { type: boolean, doc: 'Provides no `cmd:` names.' },
  'no-versioned-shlib-deps': { type: boolean, doc: 'Depends on shared libraries without their versions.' },
})

const trigger = record('trigger', {
  script: { type: text(), doc: 'Script that runs when a watched directory changes.', variables: 'exact' },
  paths: { type: texts, doc: 'Directories to watch.', variables: 'exact' },
})

const scriptlets = record('scriptlets', {
  trigger: { type: trigger, doc: 'Runs when a watched directory changes.' },
  'pre-install': { type: text(), doc: 'Runs before the files are installed.', variables: 'exact' },
  'post-install': { type: text(), doc: 'Runs after the files are installed.', variables: 'exact' },
  'pre-deinstall': { type: text(), doc: 'Runs before the files are removed.', variables: 'exact' },
  'post-deinstall': { type: text(), doc: 'Runs after the files are removed.', variables: 'exact' },
  'pre-upgrade': { type: text(), doc: 'Runs before an upgrade.', variables: 'exact' },
  'post-upgrade': { type: text(), doc: 'Runs after an upgrade.', variables: 'exact' },
})

const checks = record('checks', {
  disabled: { type: texts, doc: 'Checks whose findings are only warnings.' },
})

const setcap = record('setcap', {
  path: { type: text(), doc: 'Program that gets the capabilities.' },
  add: { type: textMap, doc: 'Flags (such as `+eip`) by capability, or by several joined by commas.' },
  reason: { type: text(), doc: 'Why the program needs them.' },
})

const copyright = record('copyright', {
  license: { type: text(), doc: 'SPDX licence expression.', variables: 'exact', always: true, example: 'MIT' },
  'license-path': { type: text(), doc: 'File of the licence in the source tree.', variables: 'exact' },
  paths: { type: texts, doc: 'Files that the licence is for.', variables: 'exact' },
  attestation: { type: text(), doc: 'Copyright statement.' },
  'detection-override': { type: text(), doc: 'Licence to take whatever is found in the file.' },
})

const cpe = record('cpe', {
  part: { type: text({ pattern: '^[ao]$' }), doc: '`a` for an application, `o` for an operating system.' },
  vendor: { type: text({ pattern: CPE_VALUE }), doc: 'Vendor; goes with `product`.' },
  product: { type: text({ pattern: CPE_VALUE }), doc: 'Product; goes with `vendor`.' },
  edition: { type: text({ pattern: CPE_VALUE }), doc: 'Edition.' },
  language: { type: text({ pattern: CPE_VALUE }), doc: 'Language.' },
  sw_edition: { type: text({ pattern: CPE_VALUE }), doc: 'Software edition.' },
  target_sw: { type: text({ pattern: CPE_VALUE }), doc: 'Target software.' },
  target_hw: { type: text({ pattern: CPE_VALUE }), doc: 'Target hardware.' },
  other: { type: text({ pattern: CPE_VALUE }), doc: 'Anything else.' },
})

const resources = record('resources', {
  cpu: { type: text(), doc: 'Processor cores.' },
  cpumodel: { type: text(), doc: 'Processor model.' },
  memory: { type: text(), doc: 'Memory, as `4Gi`.' },
  disk: { type: text(), doc: 'Disk space, as `20Gi`.' },
})
export type Resources = Of<typeof resources>

const packageFields = {
  name: { type: text(), doc: 'Name of the package.', variables: 'exact', example: 'zlib' },
  version: { type: text(), doc: 'Version in apk\'s syntax, without the release.', variables: 'exact', example: '1.3.1' },
  epoch: { type: digits, doc: 'Release: the `-rN` of the version, raised when the package changes and its version does not.', always: true, example: '0' },
  description: { type: text(), doc: 'One line about the package.', variables: 'exact' },
  url: { type: text(), doc: 'Home page of the project.', variables: 'exact' },
  commit: { type: text(), doc: 'Commit of the recipe\'s repository; found out when it is left out.', variables: 'exact' },
  annotations: { type: textMap, doc: 'Anything that tools want to know.', variables: 'exact' },
  'target-architecture': { type: texts, doc: 'Architectures to build for, by apk name; all when it is left out.', variables: 'exact', example: '[x86_64]' },
  copyright: { type: list(copyright), doc: 'Licences; several hold together.' },
  dependencies: { type: dependencies, doc: 'What the package needs and provides.' },
  options: { type: packageOptions, doc: 'Switches of what is found in the package\'s files.' },
  scriptlets: { type: scriptlets, doc: 'Scripts that the package manager runs.' },
  checks: { type: checks, doc: 'Switches of the checks of the finished package.' },
  cpe: { type: cpe, doc: 'Name of the product in vulnerability databases.' },
  setcap: { type: list(setcap), doc: 'File capabilities.' },
  timeout: { type: duration, doc: 'Longest time that the build may take.', example: '1h30m' },
  resources: { type: resources, doc: 'What the build needs.' },
  'test-resources': { type: resources, doc: 'What the tests need.' },
  bootstrap: { type: boolean, doc: 'Imported binaries of another distribution: may be in build environments, never in an image.', nacre: true },
} as const satisfies Fields
const packageBlock = record('package', packageFields)

const test = record('test', {
  environment: { type: environment, doc: 'What the test runs in, beside the package itself.' },
  pipeline: { type: list(step), doc: 'Steps of the test.' },
})
export type Test = Of<typeof test>

export const subpackage = record('subpackage', {
  name: { type: text(), doc: 'Name of the subpackage.', required: true, variables: 'exact' },
  if: { type: text(), doc: 'Condition under which there is such a package.', variables: 'exact' },
  range: { type: text(), doc: 'Name of a `data` list: one subpackage for each of its items, in the order of the keys.' },
  ...pick('description', 'url', 'commit', 'annotations', 'dependencies', 'options', 'scriptlets', 'checks', 'setcap'),
  pipeline: { type: list(step), doc: 'Steps that fill the subpackage, run after those of the main package.' },
  test: { type: optional(test), doc: 'Test of the finished subpackage.' },
})
export type Subpackage = Of<typeof subpackage>

const data = record('data', {
  name: { type: text(), doc: 'Name that `range` refers to.' },
  items: { type: textMap, doc: 'Values by key; `${{range.key}}` and `${{range.value}}` stand for them.' },
})

const varTransform = record('variable transform', {
  from: { type: text(), doc: 'Text to change, with variables.', always: true, example: '${{package.version}}' },
  match: { type: text(), doc: 'Regular expression in RE2\'s syntax; everything that matches is replaced.', always: true, example: '\\.(\\d+)$' },
  replace: { type: text(), doc: 'What it becomes: `$1` or `${1}` is the first group.', always: true, example: '_$1' },
  to: { type: text(), doc: 'Variable that gets the result, as `${{vars.NAME}}`.', always: true, example: 'mangled' },
})
export type VarTransform = Of<typeof varTransform>

const packageChange = record('package change', {
  add: { type: texts, doc: 'Packages to add.', json: 'Add' },
  remove: { type: texts, doc: 'Packages to leave out.', json: 'Remove' },
})
const optionContents = record('option contents', { packages: { type: packageChange, doc: 'Packages to add and to leave out.', json: 'Packages' } })
const optionEnvironment = record('option environment', { contents: { type: optionContents, doc: 'What is installed.', json: 'Contents' } })
const buildOption = record('build option', {
  vars: { type: textMap, doc: 'Variables to set.', json: 'Vars' },
  environment: { type: optionEnvironment, doc: 'Changes of the environment.', json: 'Environment' },
})
export type BuildOption = Of<typeof buildOption>

const capabilities = record('capabilities', {
  add: { type: texts, doc: 'Linux capabilities that the build gets.' },
  drop: { type: texts, doc: 'Linux capabilities that the build loses.' },
})

const hardeningException = record('hardening exception', {
  paths: { type: texts, doc: 'Files it is for, as globs.', required: true },
  checks: { type: texts, doc: 'Checks that may fail: pie, relro, nx, canary, fortify, cet.', required: true },
  reason: { type: text(), doc: 'Why they fail.', required: true },
})

const hardening = record('hardening', { exceptions: { type: list(hardeningException), doc: 'Files that may fail a check of their hardening.' } })
const reproducible = record('reproducible', { except: { type: text(), doc: 'Why two builds differ.', required: true } })

export const packageRecipe = record('package recipe', {
  package: { type: packageBlock, doc: 'What the package is.', required: true },
  environment: { type: environment, doc: 'What the build runs in.' },
  capabilities: { type: capabilities, doc: 'Linux capabilities of the build.' },
  vars: { type: textMap, doc: 'Variables, as `${{vars.NAME}}`.' },
  'var-transforms': { type: list(varTransform), doc: 'Variables made of others by regular expressions.' },
  options: { type: map(buildOption), doc: 'Variants of the build, by name, which `--build-option` turns on.' },
  data: { type: list(data), doc: 'Lists that subpackages range over.' },
  pipeline: { type: list(step), doc: 'Steps of the build.' },
  subpackages: { type: list(subpackage), doc: 'Other packages made of the same build.' },
  hardening: { type: hardening, doc: 'Exceptions from the hardening of programs and libraries.', nacre: true },
  reproducible: { type: optional(reproducible), doc: 'Exception from the rule that two builds are equal to the bit.', nacre: true },
  test: { type: optional(test), doc: 'Test of the finished package.' },
  update: { type: update, doc: 'Where new versions are found.', always: true },
})
export type PackageRecipe = Of<typeof packageRecipe>
export type { Environment }

function pick<K extends keyof typeof packageFields>(...keys: readonly K[]): Pick<typeof packageFields, K> {
  return Object.fromEntries(keys.map((key) => [key, packageFields[key]])) as Pick<typeof packageFields, K>
}
