import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { duplicateMember, elementsOf, membersOf, parseJSONObject } from '../../src/internal/json.ts'
import { fuzzRuns } from '../support/fuzz.ts'

const LIMITS = { maxBytes: 10_000, maxDepth: 12 }

/** Bytes that are JSON, nearly JSON, or anything. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .string({ unit: fc.constantFrom(...'{}[]",:\\ua01e-+. \n'), maxLength: 40 })
    .map((text) => Buffer.from(text)),
  fc.tuple(fc.json(), fc.nat(), fc.nat({ max: 255 })).map(([text, at, byte]) => {
    const mutant = Buffer.from(`{"a":${text}}`)
    mutant[at % mutant.length] = byte
    return mutant
  }),
)

test('takes the objects that JSON.parse takes, and refuses everything else with an error of ours', () => {
  fc.assert(
    fc.property(bytes, (input) => {
      const expected = parseUTF8(input)
      try {
        const { value, text } = parseJSONObject(input, LIMITS)
        expect(value).toEqual(expected)
        membersOf(text)
        duplicateMember(text)
      } catch (error) {
        expect(error).toBeInstanceOf(SpiffeError)
        expect(typeof expected === 'object' && expected !== null && !Array.isArray(expected)).toBe(false)
      }
    }),
    fuzzRuns(),
  )
})

test('the parts of a text are the values of its value', () => {
  const space = fc.constantFrom('', ' ', '\t', '\r\n')
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.json(), space)), (members) => {
      const inside = members.map(
        ([name, text, gap]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${text}${gap}`,
      )
      expect(membersOf(`{${inside.join()}}`)).toEqual(members.map(([name, text]) => [name, text]))
      const elements = members.map(([, text, gap]) => gap + text + gap)
      expect(elementsOf(`[${elements.join()}]`)).toEqual(members.map(([, text]) => text))
      const names = members.map(([name]) => name)
      const duplicate = names.find((name, at) => names.indexOf(name) < at)
      expect(duplicateMember(`{${inside.join()}}`)).toBe(duplicate)
      expect(parseJSONObject(`{${inside.join()}}`, { maxBytes: 1e6, maxDepth: 1e3 }).duplicate).toBe(
        duplicate,
      )
    }),
    fuzzRuns(),
  )
})

function parseUTF8(input: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input))
  } catch {
    return undefined
  }
}
