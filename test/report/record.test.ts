import { describe, expect, it } from 'vitest'
import { nodeId } from '../../base/ids.ts'
import { escapeJson, escapeText } from '../../cli/web/html.ts'
import { narrowed } from '../../cli/web/narrowed.ts'
import { pageOf } from '../../cli/web/page-of.ts'
import { hows } from '../../cli/web/page-data.ts'
import { type BuildRecord, Recorder } from '../../engine/record.ts'
import { decodeRecord, encodeRecord } from '../../engine/record-codec.ts'
import { Rows } from '../../engine/rows.ts'
import { handClock, puppet, pure, spec, World } from '../engine/puppet.ts'

/** `still` is a hit, `same` is cut off, `new` ran, `bad` failed and `below` was skipped. */
async function recorded(world: World): Promise<BuildRecord | undefined> {
  const actions = (text: string) => [puppet('still'), puppet('same', [], spec(text)), puppet('new', ['still', 'same'], spec(text)), puppet('bad', ['new'], spec(text)), puppet('below', ['bad'])]
  world.puppet.automatic = async (context) => {
    if (context.action.id === 'same') return { kind: 'done', outputs: { out: { kind: 'blob', digest: await context.cas.put(Buffer.from('same')) } } }
    context.log('line\n')
    return context.action.id === 'bad' ? { kind: 'failed', failure: { kind: 'refused', diagnostics: [{ code: 'x/y', severity: 'error', message: '</script>', where: { source: { path: 'p', text: 'secret' }, start: 0, end: 1 } }] } } : pure(context)
  }
  await world.build(actions('one'), { keepGoing: true })
  const recorder = new Recorder(7)
  return recorder.record(await world.build(actions('two'), { keepGoing: true, onEvent: (event) => recorder.tell(event) }))
}

describe('the record of a build', () => {
  it('tells of every action how it ended, when, why, and what it was made of', async () => {
    using world = new World({ clock: handClock().clock })
    const record = await recorded(world)
    expect(record?.actions.map(({ id, how }) => `${id} ${how}`).sort()).toEqual(['bad failed', 'below skipped', 'new ran', 'same cutOff', 'still hit'])
    const [still, same, made, bad] = ['still', 'same', 'new', 'bad'].map((id) => record?.actions.find((action) => action.id === id))
    expect(still).not.toHaveProperty('began')
    expect([same?.reason?.kind, made?.reason?.kind, bad?.reason?.kind]).toEqual(['changed', 'changed', 'first'])
    expect(made?.inputs).toEqual(['still', 'same'].map((name) => ({ name, action: record?.actions.findIndex(({ id }) => id === name) })))
    expect(made).toMatchObject({ label: 'make new', kind: 'puppet', queued: 0, began: 0, ended: 0, row: expect.any(Number), key: expect.any(String), outputs: { out: { kind: 'blob' } } })
    expect(JSON.stringify(bad?.failure)).not.toContain('secret')
    expect([record?.at, record?.outcome, record?.omitted]).toEqual([7, 'failed', 0])
  })

  it('is read back as it was written, and nothing else is taken for one', async () => {
    using world = new World()
    const record = await recorded(world)
    if (record === undefined) throw new Error('nothing ran')
    const bytes = encodeRecord(record)
    expect(decodeRecord(bytes)).toEqual(record)
    for (const wrong of [new Uint8Array(), Buffer.from('nacre receipt 1\n'), bytes.subarray(0, bytes.length - 3), Buffer.concat([Buffer.from(bytes).subarray(0, 30), Buffer.from('x')])]) expect(decodeRecord(wrong)).toBeUndefined()
  })

  it('is not made when nothing ran', async () => {
    using world = new World()
    world.puppet.automatic = pure
    await world.build([puppet('a')])
    const recorder = new Recorder(0)
    expect(recorder.record(await world.build([puppet('a')], { onEvent: (event) => recorder.tell(event) }))).toBeUndefined()
  })

  it('is narrowed to a target and what that needs, or says that there is none', async () => {
    using world = new World()
    const record = await recorded(world)
    if (record === undefined) throw new Error('nothing ran')
    const part = narrowed(record, ['new'])
    expect(part.kind === 'ok' && part.value.actions.map(({ id, inputs }) => `${id} ${inputs.length}`).sort()).toEqual(['new 2', 'same 0', 'still 0'])
    expect(narrowed(record, [])).toEqual({ kind: 'ok', value: record })
    expect(narrowed(record, ['neww'])).toMatchObject({ kind: 'complaints', diagnostics: [{ code: 'cli/not-built', hint: 'did you mean "new"?' }] })
    const task = { ...record, actions: record.actions.map((action) => ({ ...action, id: nodeId(`task:docs/${action.id}`) })) }
    expect(narrowed(task, ['docs/still'])).toMatchObject({ kind: 'ok', value: { actions: [{ id: 'task:docs/still' }] } })
  })

  it('becomes a page with what every action was made of and what it printed', async () => {
    using world = new World()
    const record = await recorded(world)
    if (record === undefined) throw new Error('nothing ran')
    const page = await pageOf(record, { name: 'w', targets: [] }, { cas: world.cas, results: world.results })
    expect(page.counts).toEqual(hows.map(() => 1))
    expect([...page.actions.edges].sort()).toEqual([0, 1, 2, 2, 2, 3, 3, 4])
    expect(page.details['2']).toMatchObject({ inputs: [['still', expect.any(Number)], ['same', expect.any(Number)]], log: 'line', why: ['text changed from "one" to "two"'] })
    expect(page.details['3']).toMatchObject({ failure: expect.arrayContaining([expect.stringContaining('</script>')]), log: 'line' })
  })
})

describe('rows of a timeline', () => {
  it('are as many as ran at once, the lowest first', () => {
    const rows = new Rows<string>()
    expect(['a', 'b', 'c'].map((id) => rows.open(id))).toEqual([0, 1, 2])
    expect([rows.close('b'), rows.close('a'), rows.close('nobody')]).toEqual([1, 0, undefined])
    expect([rows.open('d'), rows.open('d'), rows.open('e'), rows.open('f'), rows.count]).toEqual([0, 0, 1, 3, 4])
  })
})

describe('escaping', () => {
  it('leaves no character from which a parser could begin markup, and changes nothing', () => {
    const hostile = '</script><!--"\'&\u2028'
    expect(escapeJson(JSON.stringify(hostile))).not.toContain('<')
    expect(JSON.parse(escapeJson(JSON.stringify(hostile)))).toBe(hostile)
    expect(escapeText(hostile)).not.toMatch(/[<>"]/)
  })
})
