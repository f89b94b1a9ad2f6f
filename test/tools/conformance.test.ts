import { describe, expect, it } from 'vitest'
import { findings, type Row, rowIDs } from '../../tools/conformance.ts'

const row = (id: string, who: readonly string[] = ['V']): Row => ({
  id,
  level: 'MUST',
  who,
  requirement: `what ${id} says`,
})

describe('the IDs in the name of a test', () => {
  it.each([
    ['SI-2-1 refuses another scheme', ['SI-2-1']],
    ['XS-5.2-1, XS-5.2-2: refuses a CA', ['XS-5.2-1', 'XS-5.2-2']],
    ['TB-B.1-1 (B-12) WA-5.2.1-3', ['TB-B.1-1', 'B-12', 'WA-5.2.1-3']],
    ['refuses SI-2-10 and JS-A-1.', ['SI-2-10', 'JS-A-1']],
    ['P-256, ES-256, B-1, B-123, XSI-2-1, SI-2-1x and AB-01 are none', []],
  ])('are whole words: %s', (name, ids) => {
    expect(rowIDs(name)).toEqual(ids)
  })
})

describe('what is wrong', () => {
  it('is nothing where each binding row has a test or a waiver', () => {
    const rows = [
      row('SI-2-1'),
      row('SI-2-2', ['B']),
      row('SI-2-3', ['S']),
      row('B-01', ['all']),
      row('B-02', ['S', 'V']),
    ]
    expect(findings(rows, { 'B-01': 'nobody can show it' }, ['SI-2-1 x', 'y (SI-2-2)', 'B-02'])).toEqual([])
  })

  it.each<[string, readonly Row[], Record<string, string>, readonly string[], string]>([
    [
      'a row without a test',
      [row('SI-2-1')],
      {},
      [],
      'SI-2-1 has neither a test nor a waiver: what SI-2-1 says',
    ],
    ['a longer ID', [row('SI-2-1'), row('SI-2-10')], {}, ['SI-2-10'], 'SI-2-1 has neither'],
    [
      'a waiver for a tested row',
      [row('SI-2-1')],
      { 'SI-2-1': 'why' },
      ['SI-2-1'],
      'SI-2-1 is waived, and has a test',
    ],
    ['a waiver for no row', [], { 'SI-2-1': 'why' }, [], 'SI-2-1 is waived, and is not listed'],
    [
      'a waiver without a reason',
      [row('SI-2-1')],
      { 'SI-2-1': ' ' },
      [],
      'SI-2-1 is waived without a reason',
    ],
    ['a test for no row', [], {}, ['SI-2-1 x'], 'a test names SI-2-1, which is not listed'],
    ['a row twice', [row('SI-2-1'), row('SI-2-1')], {}, ['SI-2-1'], 'SI-2-1 is listed twice'],
    ['an ID that no test could name', [row('QQ-1', ['S'])], {}, [], 'QQ-1 is not the ID of a row'],
  ])('is found: %s', (_, rows, waivers, names, finding) => {
    expect(findings(rows, waivers, names)).toEqual([expect.stringContaining(finding)])
  })
})
