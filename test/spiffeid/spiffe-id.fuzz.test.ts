import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpiffeID, TrustDomain } from '../../src/spiffeid/index.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { from, name, segments, validID } from './arbitraries.ts'
import { codeOf } from './code-of.ts'

// The rules of SPIFFE-ID §2 once more, written another way than in the parser: no expression, no single pass.
const IN_NAMES = new Set('abcdefghijklmnopqrstuvwxyz0123456789.-_')
const IN_SEGMENTS = new Set([...IN_NAMES, ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'])

function isName(text: string): boolean {
  return text.length > 0 && text.length < 256 && [...text].every((character) => IN_NAMES.has(character))
}

function isSegment(text: string): boolean {
  return !['', '.', '..'].includes(text) && [...text].every((character) => IN_SEGMENTS.has(character))
}

function isPath(text: string): boolean {
  const [before, ...segments] = text.split('/')
  return before === '' && segments.every(isSegment)
}

function isID(text: string): boolean {
  const [scheme, empty, name = '', ...segments] = text.split('/')
  return (
    text.length < 2049 && scheme === 'spiffe:' && empty === '' && isName(name) && segments.every(isSegment)
  )
}

const character = fc.oneof(
  from('aA0._-/:@?#%~[]{}\\ \n\r\t\0'),
  fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
)

/** A valid ID with one character put in, taken out or replaced. */
const mutatedID = fc
  .tuple(validID, fc.nat(), fc.nat({ max: 1 }), fc.oneof(character, fc.constant('')))
  .map(([text, position, taken, put]) => {
    const at = position % (text.length + 1)
    return text.slice(0, at) + put + text.slice(at + taken)
  })

const anyText = fc.oneof(
  validID,
  mutatedID,
  fc.string({ unit: 'binary' }),
  fc.string({ unit: character }).map((text) => `spiffe://${text}`),
)

const RUNS = fuzzRuns()

describe('whatever the text', () => {
  it('parse takes it exactly where the rules do, and gives it back unchanged', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const refused = codeOf(() => expect(SpiffeID.parse(text).uri).toBe(text))
        expect(refused === undefined).toBe(isID(text))
      }),
      RUNS,
    )
  })

  it('tryParse agrees with parse', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, fold) => {
        const parsed = SpiffeID.tryParse(text, { fold })
        expect(parsed === undefined).toBe(codeOf(() => SpiffeID.parse(text, { fold })) !== undefined)
        expect(TrustDomain.tryParse(text, { fold }) === undefined).toBe(
          codeOf(() => TrustDomain.parse(text, { fold })) !== undefined,
        )
      }),
      RUNS,
    )
  })

  it('a trust domain is taken exactly where the rules do', () => {
    fc.assert(
      fc.property(fc.oneof(name, fc.string({ unit: character }), anyText), (text) => {
        expect(TrustDomain.tryParse(text) !== undefined).toBe(isName(text) || isID(text))
      }),
      RUNS,
    )
  })

  it('a path and a segment are taken exactly where the rules do', () => {
    const path = fc.oneof(
      fc.string({ unit: fc.oneof(character, from('//..ab')) }),
      segments.map((parts) => parts.map((part) => `/${part}`).join('')),
    )
    fc.assert(
      fc.property(path, (text) => {
        expect(codeOf(() => SpiffeID.fromPath('td', text)) === undefined).toBe(isPath(text))
        expect(codeOf(() => SpiffeID.fromSegments('td', text)) === undefined).toBe(isSegment(text))
      }),
      RUNS,
    )
  })

  it('folding gives an ID in lower case, the same again when folded again, and its path untouched', () => {
    fc.assert(
      fc.property(anyText, fc.func(fc.boolean()), (text, isRaised) => {
        const raised = [...text].map((letter, at) => (isRaised(at) ? letter.toUpperCase() : letter)).join('')
        const folded = SpiffeID.tryParse(raised, { fold: true })
        if (folded === undefined) return
        expect(SpiffeID.parse(folded.uri)).toEqual(folded)
        expect(folded.uri.length).toBe(raised.length)
        expect(raised.endsWith(folded.path)).toBe(true)
      }),
      RUNS,
    )
  })

  it('folding changes nothing about what is an ID without it', () => {
    fc.assert(
      fc.property(validID, (text) => {
        expect(SpiffeID.parse(text, { fold: true })).toEqual(SpiffeID.parse(text))
      }),
      RUNS,
    )
  })
})
