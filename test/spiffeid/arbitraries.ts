import fc from 'fast-check'

/** One of these characters. */
export const from = (characters: string): fc.Arbitrary<string> => fc.constantFrom(...characters)
/** The name of a trust domain. */
export const name = fc.string({ unit: from('az09._-'), minLength: 1, maxLength: 12 })
/** A path segment. */
export const segment = fc
  .string({ unit: from('azAZ09._-'), minLength: 1, maxLength: 8 })
  .filter((text) => text !== '.' && text !== '..')
/** A path in segments. */
export const segments = fc.array(segment, { maxLength: 6 })
/** A SPIFFE ID. */
export const validID = fc
  .tuple(name, segments)
  .map(([trustDomain, parts]) => ['spiffe:/', trustDomain, ...parts].join('/'))
