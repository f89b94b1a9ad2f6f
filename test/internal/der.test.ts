import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { type DERElement, readDER, splitDER } from '../../src/internal/der.ts'
import { integer, octetString, sequence, tlv } from '../support/der-writer.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { malformedOf } from './malformed.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** Elements nested so deep, the outermost at 0. */
function nested(depth: number): Uint8Array {
  return depth === 0 ? sequence() : sequence(nested(depth - 1))
}

describe('readDER', () => {
  it('gives the tree of elements, with views on where each one is', () => {
    const document = bytes('30 0a 02 01 05 a0 03 04 01 ff 05 00')
    const root = readDER(document)
    expect(root.tag).toBe(0x30)
    expect(root.raw).toEqual(document)
    expect(root.children.map(({ tag }) => tag)).toEqual([0x02, 0xa0, 0x05])
    expect(root.children[0]?.contents).toEqual(bytes('05'))
    expect(root.children[1]?.raw).toEqual(bytes('a0 03 04 01 ff'))
    expect(root.children[1]?.children[0]?.contents).toEqual(bytes('ff'))
    expect(root.children[2]?.children).toEqual([])
  })

  it('does not look into what is closed', () => {
    const document = bytes('30 06 a0 04 30 02 1f 00')
    const isClosed = (tag: number, depth: number): boolean => tag === 0xa0 && depth === 1
    expect(malformedOf(() => readDER(document))).toBeDefined()
    const [closed] = readDER(document, isClosed).children
    expect(closed?.children).toEqual([])
    expect(closed?.contents).toEqual(bytes('30 02 1f 00'))
    expect(malformedOf(() => readDER(bytes('a0 04 30 02 1f 00'), isClosed))).toBeDefined()
    expect(malformedOf(() => readDER(bytes('30 06 a0 05 30 02 1f 00'), isClosed))).toBeDefined()
  })

  it.each([127, 128, 255, 256, 65_535, 65_536])(
    'takes an element of %i bytes with a minimal length',
    (length) => {
      expect(readDER(octetString(new Uint8Array(length))).contents).toHaveLength(length)
    },
  )

  it.each([
    ['no bytes', '', '05 00'],
    ['a NULL with contents', '05 01 00', '05 00'],
    ['a tag and no length', '30', '30 00'],
    ['less than the length says', '02 02 01', '02 02 01 01'],
    ['a length that is cut off', '04 82 01', `04 82 01 00 ${'00'.repeat(256)}`],
    ['bytes after the end', '02 01 01 00', '02 01 01'],
    ['an element that reaches past the one it is in', '30 03 02 02 01', '30 04 02 02 01 01'],
    ['a length octet outside of the element it is in', '30 01 02 01 01', '30 03 02 01 01'],
    ['an indefinite length', '30 80 02 01 01 00 00', '30 03 02 01 01'],
    ['the reserved length, of zeros', `04 ff ${'00'.repeat(127)}`, `04 7f ${'00'.repeat(127)}`],
    ['a long length for 127 bytes', `04 81 7f ${'00'.repeat(127)}`, `04 7f ${'00'.repeat(127)}`],
    ['a long length for no bytes', '04 81 00', '04 00'],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, `04 81 80 ${'00'.repeat(128)}`],
    ['a length of five octets', `04 85 00 00 00 00 80 ${'00'.repeat(128)}`, `04 81 80 ${'00'.repeat(128)}`],
    ['a length of 127 octets', `04 ff ${'ff'.repeat(127)} 00`, '04 01 00'],
    ['a huge length', '04 84 ff ff ff ff 00', '04 01 00'],
    ['end-of-contents octets', '30 02 00 00', '30 02 05 00'],
    ['a tag number above 30', '1f 1f 00', '1e 00'],
    ['a context tag number above 30', 'bf 1f 00', 'be 00'],
    ['a primitive SEQUENCE', '10 00', '30 00'],
    ['a primitive SET', '11 00', '31 00'],
    ['a constructed OCTET STRING', '24 03 04 01 00', '04 01 00'],
    ['a constructed UTF8String', '2c 03 0c 01 61', '0c 01 61'],
    ['a constructed BIT STRING', '23 04 03 02 00 01', '03 02 00 01'],
  ])('refuses %s', (_, malformed, valid) => {
    expect(malformedOf(() => readDER(bytes(valid)))).toBeUndefined()
    expect(malformedOf(() => readDER(bytes(malformed)))).toBeInstanceOf(SpiffeError)
  })

  it('names the clause that an encoding breaks', () => {
    expect(malformedOf(() => readDER(bytes('30 80 00 00')))?.message).toContain('indefinite (X.690 §10.1)')
    expect(malformedOf(() => readDER(bytes('30 81 00')))?.message).toContain('not minimal (X.690 §10.1)')
    expect(malformedOf(() => readDER(bytes('24 00')))?.rule).toBe('X.690 §10.2')
    expect(malformedOf(() => readDER(bytes('1f 1f 00')))?.rule).toBe('X.690 §8.1.2')
  })

  it('goes 24 levels deep and no deeper', () => {
    expect(malformedOf(() => readDER(nested(24)))).toBeUndefined()
    expect(malformedOf(() => readDER(nested(25)))).toBeInstanceOf(SpiffeError)
    expect(malformedOf(() => readDER(nested(5_000)))).toBeInstanceOf(SpiffeError)
  })

  it('reads 20,000 elements and no more', () => {
    const elements = (count: number): Uint8Array =>
      sequence(...Array<Uint8Array>(count - 1).fill(bytes('05 00')))
    expect(readDER(elements(20_000)).children).toHaveLength(19_999)
    expect(malformedOf(() => readDER(elements(20_001)))).toBeInstanceOf(SpiffeError)
  })

  it('gives back every byte of what it takes, and refuses the rest with its code', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.constantFrom(0x30, 0x80, 0x81, 0x82, 0x02, 0x04, 0x00, 0x01, 0xa0, 0xff), {
        maxLength: 40,
      }),
    )
    fc.assert(
      fc.property(junk, (octets) => {
        const document = Uint8Array.from(octets)
        let root: DERElement | undefined
        expect(
          malformedOf(() => {
            root = readDER(document)
          }) === undefined,
        ).toBe(root !== undefined)
        if (root !== undefined) expect(Buffer.from(rewritten(root))).toEqual(Buffer.from(document))
      }),
      fuzzRuns(),
    )
  })
})

describe('splitDER', () => {
  it('cuts elements apart, and gives none for no bytes', () => {
    const parts = [integer(1), sequence(integer(2)), octetString(new Uint8Array(200))]
    expect(splitDER(Buffer.concat(parts), 3).map((part) => Buffer.from(part))).toEqual(parts)
    expect(splitDER(new Uint8Array(), 3)).toEqual([])
  })

  it('counts before it goes on', () => {
    const parts = Buffer.concat([integer(1), integer(2), integer(3)])
    expect(splitDER(parts, 3)).toHaveLength(3)
    expect(malformedOf(() => splitDER(parts, 2))).toBeInstanceOf(SpiffeError)
  })

  it.each([
    ['padding', '02 01 01 00'],
    ['an element that is cut off', '02 01 01 02 02 01'],
    ['an indefinite length', '02 01 01 30 80'],
    ['a tag alone', '02 01 01 30'],
  ])('refuses %s after an element', (_, malformed) => {
    expect(malformedOf(() => splitDER(bytes('02 01 01 05 00'), 9))).toBeUndefined()
    expect(malformedOf(() => splitDER(bytes(malformed), 9))).toBeInstanceOf(SpiffeError)
  })
})

/** The element written again from what was read. */
function rewritten(element: DERElement): Uint8Array {
  const isConstructed = (element.tag & 0x20) !== 0
  return isConstructed
    ? tlv(element.tag, ...element.children.map(rewritten))
    : tlv(element.tag, element.contents)
}
