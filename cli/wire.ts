// The composition root: what a build needs of this machine, put together. The one place that knows every kind of action.
import { cpus, totalmem } from 'node:os'
import type { AbsPath } from '../base/ids.ts'
import { type Clock, type Environment, type Random, systemClock, systemRandom } from '../base/ports.ts'
import { LayeredCas } from '../cache/layered-cas.ts'
import { openStore, type Store } from '../cache/store.ts'
import type { ActionKind } from '../engine/action.ts'
import type { BuildPorts } from '../engine/ports.ts'
import { Jobserver } from '../engine/sandbox/jobserver.ts'
import type { Sandbox } from '../engine/sandbox/sandbox.ts'
import { Shells } from '../engine/sandbox/shells.ts'
import { closeDeflatePool } from '../outputs/archive/deflate-pool.ts'
import { buildKind } from '../recipes/kinds/build.ts'
import type { ClosurePorts } from '../recipes/kinds/closure.ts'
import { Composer } from '../recipes/kinds/composer.ts'
import { describeKind } from '../recipes/kinds/describe.ts'
import { environmentKind } from '../recipes/kinds/environment.ts'
import { fetchKind } from '../recipes/kinds/fetch.ts'
import { gitKind } from '../recipes/kinds/git-checkout.ts'
import { imageKind } from '../recipes/kinds/image.ts'
import { imageLockKind } from '../recipes/kinds/image-lock.ts'
import { imagePlanKind } from '../recipes/kinds/image-plan.ts'
import { imageRootKind } from '../recipes/kinds/image-root.ts'
import { imageTestKind } from '../recipes/kinds/image-test.ts'
import { importKind } from '../recipes/kinds/import-debs.ts'
import { layerKind } from '../recipes/kinds/layer.ts'
import { packKind } from '../recipes/kinds/pack.ts'
import { partitionKind } from '../recipes/kinds/partition.ts'
import { taskKind, type TaskPorts } from '../recipes/kinds/task.ts'
import { testKind } from '../recipes/kinds/test.ts'
import type { WorkshopPorts } from '../recipes/kinds/workshop.ts'
import { knownSandbox } from './machine/known-sandbox.ts'
import { mirrorResolver, type MirrorConfig } from './machine/mirrors.ts'

export interface WireOptions {
  readonly store: AbsPath
  readonly offline: boolean
  readonly environment: Environment
  readonly mirrors: MirrorConfig
  readonly closure: ClosurePorts
  /** What a task names and is not there, by the task's name. */
  readonly complaints: TaskPorts['complaints']
  readonly sandbox?: Sandbox['name']
  readonly jobs?: number
  /** Keep what each step of a package's build leaves, and go on from there. */
  readonly keepSteps?: boolean
  /** What a rebuild varies: nothing of it may reach an output. */
  readonly hostname?: string
  /** Another machine's store, of which content is read that this one's lacks. What is made goes to this one's. */
  readonly beneath?: Store
}

/** A machine that builds. Dispose it: workers, tokens and the store are let go. */
export interface Machine extends AsyncDisposable {
  readonly store: Store
  readonly ports: BuildPorts
  readonly jobs: number
  readonly memory: number
  readonly workshop: WorkshopPorts
}

export function wire(options: WireOptions): Machine {
  const store = openStore(options.store, { clock: systemClock, random: systemRandom })
  const jobs = options.jobs ?? cpus().length
  // Made when the first package is built. One more than the cores: make waits for the disk and for its own shells, and glibc's left a quarter of two cores idle.
  let jobserver: Jobserver | undefined
  const workshop: WorkshopPorts = {
    sandbox: knownSandbox(store.receipts, options.sandbox),
    roots: options.beneath?.roots ?? store.roots,
    hostname: options.hostname ?? 'nacre',
    jobs: (signal) => (jobserver ??= new Jobserver(jobs === 1 ? 1 : jobs + 1)).lease(signal),
    ...(options.keepSteps === true ? { steps: store.steps } : {}),
  }
  const shells = new Shells(() => store.temp('shells'))
  const kinds = kindsOf(options, workshop, shells)
  return {
    store,
    jobs,
    memory: totalmem(),
    workshop,
    ports: { ...portsOf(store, kinds, { clock: systemClock, random: systemRandom }), ...(options.beneath === undefined ? {} : { cas: new LayeredCas(store.cas, options.beneath.cas) }) },
    async [Symbol.asyncDispose]() {
      await jobserver?.[Symbol.asyncDispose]()
      await shells[Symbol.asyncDispose]()
      await closeDeflatePool()
      await store.close()
    },
  }
}

function kindsOf(options: WireOptions, workshop: WorkshopPorts, shells: Shells): ReadonlyMap<string, ActionKind> {
  const { closure, offline, environment } = options
  const composer = new Composer()
  const kinds = [
    fetchKind({ offline, resolve: mirrorResolver(options.mirrors) }),
    gitKind({ offline, environment: passed(environment) }),
    importKind(),
    environmentKind(closure),
    buildKind(workshop, closure.catalogue),
    partitionKind(),
    describeKind(),
    packKind(),
    testKind(workshop, closure.catalogue),
    taskKind({ ...workshop, catalogue: closure.catalogue, complaints: options.complaints, shells }),
    imageLockKind(closure),
    imagePlanKind(closure.catalogue, composer),
    imageRootKind(closure.catalogue, composer),
    layerKind(),
    imageKind(closure.catalogue),
    imageTestKind(workshop, closure.catalogue),
  ]
  return new Map(kinds.map((kind) => [kind.name, kind]))
}

/** What git on the host needs of the environment: where programs are, and the machine's certificates. */
function passed(environment: Environment): Readonly<Record<string, string>> {
  const names = ['PATH', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'GIT_SSL_CAINFO', 'http_proxy', 'https_proxy', 'no_proxy']
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])))
}

function portsOf(store: Store, kinds: ReadonlyMap<string, ActionKind>, ports: { readonly clock: Clock; readonly random: Random }): BuildPorts {
  return {
    cas: store.cas,
    results: store.results,
    kinds,
    files: store.statMemo,
    history: store.history,
    durations: store.durations,
    locks: store.workLocks,
    temp: (name) => store.temp(name),
    clock: ports.clock,
    random: ports.random,
  }
}
