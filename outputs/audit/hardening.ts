import type { Elf } from '../elf/elf.ts'
import { fortifiable } from './fortifiable.ts'

export type Check = 'pie' | 'relro' | 'nx' | 'canary' | 'fortify' | 'cet'

export type Verdict =
  | 'pass'
  | 'fail'
  /** Some of the protection is there: RELRO without immediate binding, some calls checked, one half of CET. */
  | 'partial'
  /** The check says nothing of such a file: nothing to protect, or another kind of file or machine. */
  | 'not-applicable'

export interface HardeningResult {
  readonly check: Check
  readonly verdict: Verdict
  /** What was seen, without full stop. */
  readonly detail: string
}

/**
 * What a linked ELF file has of the protections that OpenSSF's compiler options give. Object files and kernel modules get
 * `not-applicable` throughout: the linker hasn't spoken yet. A missing canary is a failure only where other functions of the C
 * library are called: code without arrays on its stack gets none and needs none, which can't be told from outside.
 */
export function auditHardening(elf: Elf): readonly HardeningResult[] {
  if (elf.type !== 'executable' && elf.type !== 'shared') {
    return checks.map(([check]) => ({ check, verdict: 'not-applicable', detail: 'not linked' }))
  }
  return checks.map(([check, run]) => ({ check, ...run(elf) }))
}

type Result = Omit<HardeningResult, 'check'>

const checks: readonly (readonly [Check, (elf: Elf) => Result])[] = [
  ['pie', pie],
  ['relro', relro],
  ['nx', nx],
  ['canary', canary],
  ['fortify', fortify],
  ['cet', cet],
]

function pie(elf: Elf): Result {
  if (elf.type === 'executable') return { verdict: 'fail', detail: 'a program at a fixed address' }
  if (elf.isPie || elf.interpreter !== undefined) return { verdict: 'pass', detail: 'a program at any address' }
  return elf.hasTextRelocations ? { verdict: 'fail', detail: 'a library with text relocations' } : { verdict: 'pass', detail: 'a library' }
}

function relro({ hasRelro, bindNow, isDynamic }: Elf): Result {
  if (!hasRelro) return isDynamic ? { verdict: 'fail', detail: 'none' } : { verdict: 'not-applicable', detail: 'static' }
  return bindNow || !isDynamic ? { verdict: 'pass', detail: 'full' } : { verdict: 'partial', detail: 'without immediate binding' }
}

function nx({ stackFlags }: Elf): Result {
  if (stackFlags === undefined) return { verdict: 'fail', detail: 'no PT_GNU_STACK, so the stack may be executable' }
  return (stackFlags & 1) === 0 ? { verdict: 'pass', detail: 'the stack is not executable' } : { verdict: 'fail', detail: 'the stack is executable' }
}

function canary(elf: Elf): Result {
  const names = namesOf(elf)
  if (names.some((name) => name === '__stack_chk_fail' || name === '__stack_chk_guard' || name === '__stack_chk_fail_local')) return { verdict: 'pass', detail: 'stack protector' }
  if (names.length === 0 && !elf.isDynamic) return { verdict: 'not-applicable', detail: 'static and stripped' }
  return calls(elf).length === 0 ? { verdict: 'not-applicable', detail: 'calls no function of a library' } : { verdict: 'fail', detail: 'no stack protector' }
}

function fortify(elf: Elf): Result {
  const used = calls(elf)
  const checked = used.filter((name) => /^__.+_chk$/.test(name) && name !== '__stack_chk_fail')
  const bare = used.filter((name) => fortifiable.has(name))
  if (checked.length === 0 && bare.length === 0) return { verdict: 'not-applicable', detail: 'nothing that could be checked is called' }
  if (checked.length === 0) return { verdict: 'fail', detail: `unchecked: ${some(bare)}` }
  return { verdict: 'pass', detail: bare.length === 0 ? `checked: ${some(checked)}` : `checked: ${some(checked)}; provably safe or of unknown size: ${some(bare)}` }
}

function cet({ machine, features }: Elf): Result {
  const wanted = machine === 62 ? (['ibt', 'shstk'] as const) : machine === 183 ? (['bti', 'pac'] as const) : []
  if (wanted.length === 0) return { verdict: 'not-applicable', detail: `nothing of the kind on machine ${machine}` }
  const missing = wanted.filter((feature) => !features.has(feature))
  if (missing.length === 0) return { verdict: 'pass', detail: wanted.join(' and ') }
  return { verdict: missing.length === 1 ? 'partial' : 'fail', detail: `without ${missing.join(' and ')}` }
}

function namesOf(elf: Elf): readonly string[] {
  return elf.isDynamic ? elf.symbols.map(({ name }) => name) : elf.staticNames
}

/** Functions of other objects that the file calls. The symbols of the C runtime's own start and end are in every file. */
function calls(elf: Elf): readonly string[] {
  const runtime = new Set(['__cxa_finalize', '__gmon_start__', '_ITM_deregisterTMCloneTable', '_ITM_registerTMCloneTable', '__libc_start_main'])
  return elf.symbols.filter(({ name, isDefined }) => !isDefined && !runtime.has(name)).map(({ name }) => name)
}

function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
}
