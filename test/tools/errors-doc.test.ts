import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/error-codes.ts'
import { pageOf, sectionsOf } from '../../tools/errors-doc.ts'

const SOURCE = `export const errorCodes = {
  // first

  // second: part
  ERR_SPIFFE_A: {
    rule: 'A §1',
    remedy: 'do | this',
  },
  ERR_SPIFFE_B: {
    rule: 'B <2>',
    remedy:
      'do that',
  },

  // third
  ERR_SPIFFE_C: {
    rule: 'C',
    remedy: 'rest',
  },
}
`
const CATALOGUE = {
  ERR_SPIFFE_A: { rule: 'A §1', remedy: 'do | this' },
  ERR_SPIFFE_B: { rule: 'B <2>', remedy: 'do that' },
  ERR_SPIFFE_C: { rule: 'C', remedy: 'rest' },
}

describe('the page of errors', () => {
  it('has the sections of the catalogue that hold codes, in their order', () => {
    expect(sectionsOf(SOURCE)).toEqual([
      { title: 'second: part', codes: ['ERR_SPIFFE_A', 'ERR_SPIFFE_B'] },
      { title: 'third', codes: ['ERR_SPIFFE_C'] },
    ])
  })

  it('has a row for each code, which no text in it can break', () => {
    const page = pageOf(CATALOGUE, sectionsOf(SOURCE))
    expect(page).toContain(
      '## second: part\n\n| code | rule | what to do |\n| --- | --- | --- |\n| `ERR_SPIFFE_A` |',
    )
    expect(page).toContain(
      '| `ERR_SPIFFE_A` | A §1 | do \\| this |\n| `ERR_SPIFFE_B` | B &lt;2> | do that |\n',
    )
  })

  it('is not written where a code would be missing from it', () => {
    const sections = sectionsOf(SOURCE)
    expect(() => pageOf(CATALOGUE, sections.slice(1))).toThrow('each code must stand in a section')
    expect(() => pageOf({ ERR_SPIFFE_A: CATALOGUE.ERR_SPIFFE_A }, sections)).toThrow('each code')
  })

  it('finds every code of the catalogue as it is', () => {
    const source = readFileSync(new URL('../../src/error-codes.ts', import.meta.url), 'utf8')
    const page = pageOf(errorCodes, sectionsOf(source))
    for (const code of Object.keys(errorCodes)) expect(page).toContain(`| \`${code}\` |`)
  })
})
