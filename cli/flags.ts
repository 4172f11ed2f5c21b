// The front door as data: every command, its flags and an example. Parsing, help, completion and spelling advice read this table.

export interface Flag {
  readonly name: string
  readonly value?: string
  readonly many?: boolean
  readonly about: string
}

export interface CommandSpec {
  readonly name: string
  readonly usage: string
  readonly about: string
  readonly flags: readonly Flag[]
  readonly example: string
  /** Words after `--` belong to the program that is run. */
  readonly passesOn?: boolean
}

const arch: Flag = { name: 'arch', value: 'A', about: 'architecture: x86_64 or aarch64 (default: this machine)' }

/** Flags that every command takes. */
export const everywhere: readonly Flag[] = [
  { name: 'workspace', value: 'DIR', about: 'folder with nacre.yaml (default: the nearest one upward)' },
  { name: 'store', value: 'DIR', about: 'where content and results are kept (default: NACRE_STORE, else ~/.cache/nacre)' },
  arch,
  { name: 'offline', about: 'fetch nothing: what is not in the store is missing' },
  { name: 'json', about: 'one JSON object, or one event a line where work is long' },
  { name: 'help', about: 'show this help' },
]

const building: readonly Flag[] = [
  { name: 'jobs', value: 'N', about: 'cpu shares that may run at once (default: all cores)' },
  { name: 'load', value: 'N', about: "start nothing beside what runs while the machine's load average is above N" },
  { name: 'keep-going', about: 'after a failure, go on with what does not depend on it' },
  { name: 'keep-steps', about: "keep what each step of a package's build leaves; a build that failed goes on at the step that failed" },
  { name: 'force', about: 'run the wanted actions again, whatever the cache says' },
  { name: 'seed', value: 'N', about: 'order among equals, as a former run printed it' },
  { name: 'sandbox', value: 'NAME', about: 'bubblewrap or namespaces (default: the first that works)' },
  { name: 'trace', value: 'FILE', about: "write a trace for Perfetto or Chrome's tracing page" },
]

export const commands: readonly CommandSpec[] = [
  {
    name: 'build',
    usage: 'build [TARGET…]',
    about: 'builds packages, images and tasks, and tests them',
    flags: [{ name: 'all', about: 'everything in the workspace' }, ...building],
    example: 'nacre build image:jq',
  },
  {
    name: 'watch',
    usage: 'watch [TARGET…]',
    about: 'builds again whenever something changes, and answers `nacre build` at once',
    flags: [
      { name: 'all', about: 'everything in the workspace' },
      { name: 'debounce', value: 'MS', about: 'milliseconds without a change before it builds (default: 30)' },
      ...building.filter(({ name }) => ['jobs', 'keep-going', 'sandbox'].includes(name)),
    ],
    example: 'nacre watch task:web',
  },
  {
    name: 'export',
    usage: 'export TARGET… --to PLACE',
    about: 'writes a signed repository, an OCI layout, an archive, or the outputs of a task',
    flags: [{ name: 'to', value: 'PLACE', about: 'DIR, oci:DIR or docker-archive:FILE' }, { name: 'all', about: 'every package of the workspace' }, ...building],
    example: 'nacre export image:jq --to oci:out/jq',
  },
  {
    name: 'run',
    usage: 'run IMAGE [-- ARG…]',
    about: "runs an image's program in the sandbox; no container engine is needed",
    flags: [{ name: 'entrypoint', value: 'PATH', about: "another program of the image than its own" }, ...building],
    example: "nacre run image:jq -- -n '1+1'",
    passesOn: true,
  },
  { name: 'test', usage: 'test [TARGET…]', about: 'runs the tests of packages and images', flags: [{ name: 'all', about: 'everything in the workspace' }, ...building], example: 'nacre test package:zlib' },
  {
    name: 'audit',
    usage: 'audit [TARGET…]',
    about: 'hardening of every ELF file of packages; completeness of images',
    flags: [{ name: 'all', about: 'everything in the workspace' }, ...building],
    example: 'nacre audit image:curl',
  },
  {
    name: 'verify',
    usage: 'verify TARGET [--rebuild]',
    about: 'proves that the target is what the store says, or that it can be built again to the same bytes',
    flags: [{ name: 'rebuild', about: 'build it again in another place and compare' }, { name: 'all', about: 'everything in the workspace' }, ...building],
    example: 'nacre verify --rebuild package:zlib',
  },
  {
    name: 'compile',
    usage: 'compile RECIPE',
    about: "prints a package recipe compiled, as JSON in melange's shape",
    flags: [
      { name: 'pipeline-dir', value: 'DIR', many: true, about: 'folder searched for pipelines before the built-in ones' },
      { name: 'env-file', value: 'FILE', many: true, about: 'variables for the build environment' },
      { name: 'vars-file', value: 'FILE', about: 'values for vars' },
      { name: 'build-option', value: 'NAME', many: true, about: 'an option of the recipe to turn on' },
      { name: 'git-commit', value: 'SHA', about: "commit of the recipe's repository" },
      { name: 'cpu', value: 'N', about: "processors, over the recipe's own" },
      { name: 'cpumodel', value: 'NAME', about: "processor model, over the recipe's own" },
      { name: 'memory', value: 'SIZE', about: "memory, over the recipe's own" },
      { name: 'disk', value: 'SIZE', about: "disk space, over the recipe's own" },
      { name: 'timeout', value: 'DURATION', about: "time limit (45s, 1h30m), over the recipe's own" },
      ...['package-append', 'repository-append', 'keyring-append'].map((name): Flag => ({ name, value: 'X', many: true, about: "taken for melange's sake, without effect on the result" })),
      ...['namespace', 'license', 'build-date', 'git-repo-url', 'signing-key', 'source-dir', 'runner', 'cache-dir', 'out-dir', 'workspace-dir'].map((name): Flag => ({ name, value: 'X', about: "taken for melange's sake, without effect on the result" })),
      { name: 'strip-origin-name', about: "taken for melange's sake, without effect on the result" },
    ],
    example: 'nacre compile recipes/os/zlib.yaml --arch x86_64',
  },
  { name: 'fmt', usage: 'fmt [FILE…]', about: 'writes recipes in the usual layout, comments kept', flags: [{ name: 'check', about: 'only say which files would change' }], example: 'nacre fmt recipes/os/zlib.yaml' },
  { name: 'lint', usage: 'lint [FILE…]', about: 'checks recipes without building', flags: [], example: 'nacre lint' },
  { name: 'lock', usage: 'lock [RECIPE…]', about: 'refreshes the pins of bootstrap packages from the package index', flags: [
    { name: 'check', about: 'only say what would change' },
    { name: 'suite', value: 'NAME', about: "suite of Debian (default: that of this machine's package sources)" },
    { name: 'keyring', value: 'FILE', about: 'OpenPGP keys that may sign the index (default: those of the package debian-archive-keyring)' },
    { name: 'unsigned', about: 'take an index that nobody signed' },
  ], example: 'nacre lock recipes/os/bootstrap-toolchain.yaml' },
  {
    name: 'solve',
    usage: 'solve WORLD…',
    about: 'what would be installed, and why',
    flags: [
      { name: 'repository', value: '[@TAG ]DIR|URL', many: true, about: 'a repository of apks, first wins' },
      { name: 'keyring', value: 'FILE', many: true, about: 'public key that may sign an index' },
      { name: 'explain', about: 'say which dependency brought each package' },
    ],
    example: 'nacre solve busybox --repository out/repository --keyring out/repository/nacre.rsa.pub',
  },
  { name: 'why', usage: 'why TARGET', about: 'why the target ran, or would run', flags: [], example: 'nacre why package:zlib' },
  { name: 'plan', usage: 'plan [TARGET…]', about: 'what a build would run', flags: [{ name: 'all', about: 'everything in the workspace' }], example: 'nacre plan image:jq' },
  {
    name: 'graph',
    usage: 'graph [TARGET…]',
    about: 'the graph of actions, as far as it is known without building',
    flags: [{ name: 'format', value: 'FORMAT', about: 'text, dot, json, or targets: the names of all targets (default: text)' }, { name: 'all', about: 'everything in the workspace' }],
    example: 'nacre graph image:jq --format dot',
  },
  {
    name: 'report',
    usage: 'report [TARGET…]',
    about: 'the last build as a page for a browser: graph, timeline, reasons',
    flags: [{ name: 'to', value: 'FILE', about: "the page (default: out/report.html in the store)" }],
    example: 'nacre report --to report.html',
  },
  {
    name: 'cache',
    usage: 'cache stats|gc|verify',
    about: 'the store: what is in it, freeing space, checking every byte',
    flags: [{ name: 'max-size', value: 'BYTES', about: 'gc: free until the store is at most this large (suffix K, M, G)' }, { name: 'max-age', value: 'DAYS', about: 'gc: drop results not used for so long' }],
    example: 'nacre cache gc --max-size 10G',
  },
  { name: 'doctor', usage: 'doctor', about: 'checks the machine', flags: [], example: 'nacre doctor' },
  { name: 'key', usage: 'key new|show', about: 'the key that signs repositories', flags: [{ name: 'to', value: 'FILE', about: 'where the private key goes' }], example: 'nacre key new --to keys/os.rsa' },
  { name: 'completion', usage: 'completion bash|zsh|fish', about: 'prints a completion script', flags: [], example: 'nacre completion bash' },
]

export function commandNamed(name: string): CommandSpec | undefined {
  return commands.find((command) => command.name === name)
}
