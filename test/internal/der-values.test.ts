import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDER, TAG } from '../../src/internal/der.ts'
import {
  Components,
  elementsOf,
  readASCII,
  readBoolean,
  readCount,
  readInteger,
  readNamedBits,
  readOctetsOfBitString,
  readOID,
  readUnsigned,
} from '../../src/internal/der-values.ts'
import {
  boolean,
  constructed,
  integer,
  namedBits,
  nullValue,
  oid,
  sequence,
  set,
} from '../support/der-writer.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { malformedOf } from './malformed.ts'

const element = (hex: string): ReturnType<typeof readDER> =>
  readDER(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

const isRefused = (action: () => unknown): boolean => malformedOf(action) !== undefined

describe('Components', () => {
  const parts = (...contents: Uint8Array[]): Components =>
    new Components(readDER(sequence(...contents)), 'it')

  it('are taken in their order, and all of them', () => {
    const components = parts(integer(1), nullValue(), constructed(3, integer(2)), integer(3))
    expect(components.take(TAG.integer).contents).toEqual(Buffer.from([1]))
    expect(components.optional(TAG.integer)).toBeUndefined()
    expect(components.optional(TAG.null)?.tag).toBe(TAG.null)
    expect(components.optionalExplicit(2)).toBeUndefined()
    expect(components.optionalExplicit(3)?.contents).toEqual(Buffer.from([2]))
    expect(components.takeAny().contents).toEqual(Buffer.from([3]))
    expect(components.optionalAny()).toBeUndefined()
    components.end()
  })

  it.each<[string, () => unknown]>([
    ['is of another type', () => new Components(readDER(set()), 'it')],
    ['is of another type than asked for', () => new Components(readDER(sequence()), 'it', TAG.set)],
    ['lacks the next one', () => parts().take(TAG.integer)],
    ['has another one next', () => parts(nullValue()).take(TAG.integer)],
    ['lacks any', () => parts().takeAny()],
    ['has one too many', () => parts(nullValue()).end()],
    ['has an empty explicit tag', () => parts(constructed(0)).optionalExplicit(0)],
    [
      'has two values in an explicit tag',
      () => parts(constructed(0, integer(1), integer(2))).optionalExplicit(0),
    ],
    ['spells out a default', () => parts(boolean(false)).defaultFalse()],
  ])('refuse a SEQUENCE that %s', (_, action) => {
    expect(isRefused(action)).toBe(true)
  })

  it('take a BOOLEAN that is false by default', () => {
    expect(parts(boolean(true)).defaultFalse()).toBe(true)
    expect(parts(integer(1)).defaultFalse()).toBe(false)
  })
})

describe('elementsOf', () => {
  it('gives what is in a list of the right type that is not empty', () => {
    expect(elementsOf(readDER(sequence(integer(1), integer(2))), 'a list')).toHaveLength(2)
    expect(elementsOf(readDER(set(integer(1))), 'a list', TAG.set)).toHaveLength(1)
    expect(isRefused(() => elementsOf(readDER(sequence()), 'a list'))).toBe(true)
    expect(isRefused(() => elementsOf(readDER(set(integer(1))), 'a list'))).toBe(true)
  })
})

describe('readBoolean', () => {
  it('takes one octet of zeros or of ones', () => {
    expect([readBoolean(element('01 01 00')), readBoolean(element('01 01 ff'))]).toEqual([false, true])
  })

  it.each(['01 01 01', '01 01 fe', '01 00', '01 02 ff ff', '01 02 00 00'])('refuses %s', (hex) => {
    expect(isRefused(() => readBoolean(element(hex)))).toBe(true)
  })
})

describe('readInteger', () => {
  it.each(['02 01 00', '02 01 7f', '02 01 80', '02 02 00 80', '02 02 ff 7f', '02 02 01 00'])(
    'takes %s',
    (hex) => {
      expect(Buffer.from(readInteger(element(hex))).toString('hex')).toBe(hex.slice(6).replaceAll(' ', ''))
    },
  )

  it.each(['02 00', '02 02 00 00', '02 02 00 7f', '02 02 ff 80', '02 02 ff ff'])('refuses %s', (hex) => {
    expect(isRefused(() => readInteger(element(hex)))).toBe(true)
  })
})

describe('readUnsigned', () => {
  it('leaves the octet out that only says that the number is positive', () => {
    expect([...readUnsigned(element('02 02 00 80'))]).toEqual([0x80])
    expect([...readUnsigned(element('02 01 7f'))]).toEqual([0x7f])
    expect([...readUnsigned(element('02 01 00'))]).toEqual([])
    expect(isRefused(() => readUnsigned(element('02 01 80')))).toBe(true)
  })
})

describe('readCount', () => {
  it.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 01 00', 256],
    ['02 05 01 00 00 00 00', 2 ** 32],
    ['02 09 01 00 00 00 00 00 00 00 00', 2 ** 64],
  ])('reads %s', (hex, expected) => {
    expect(readCount(element(hex))).toBe(expected)
  })

  it('refuses a negative one', () => {
    expect(isRefused(() => readCount(element('02 01 ff')))).toBe(true)
  })
})

describe('readOctetsOfBitString', () => {
  it('takes whole octets alone', () => {
    expect([...readOctetsOfBitString(element('03 03 00 01 02'))]).toEqual([1, 2])
    expect([...readOctetsOfBitString(element('03 01 00'))]).toEqual([])
    expect(isRefused(() => readOctetsOfBitString(element('03 02 01 02')))).toBe(true)
    expect(isRefused(() => readOctetsOfBitString(element('03 00')))).toBe(true)
  })
})

describe('readNamedBits', () => {
  it('says of each bit whether it is set', () => {
    const positions = Array.from({ length: 20 }, (_, position) => position)
    for (const set of [[], [0], [5, 6], [7], [8], [0, 8, 15], [16]]) {
      expect(positions.filter(readNamedBits(readDER(namedBits(set))))).toEqual(set)
    }
  })

  it.each([
    ['nothing in it', '03 00'],
    ['more unused bits than an octet has', '03 03 08 80 00'],
    ['unused bits of no octet', '03 01 01'],
    ['an unused bit that is set', '03 02 07 81'],
    ['a zero bit at the end', '03 02 00 80'],
    ['a zero bit at the end after fewer unused ones', '03 02 06 80'],
    ['an octet of zeros', '03 02 07 00'],
  ])('refuses a BIT STRING with %s', (_, hex) => {
    expect(isRefused(() => readNamedBits(element('03 02 07 80')))).toBe(false)
    expect(isRefused(() => readNamedBits(element(hex)))).toBe(true)
  })
})

describe('readASCII', () => {
  it('takes every character below 128, and none above', () => {
    const ascii = Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)).join('')
    const document = Buffer.concat([Buffer.from([0x16, 0x81, 0x80]), Buffer.from(ascii, 'latin1')])
    expect(readASCII(readDER(document))).toBe(ascii)
    expect(isRefused(() => readASCII(element('16 01 80')))).toBe(true)
    expect(isRefused(() => readASCII(element('16 02 c3 a4')))).toBe(true)
  })
})

describe('readOID', () => {
  it.each([
    '0.0',
    '0.39',
    '1.0',
    '1.39',
    '2.0',
    '2.39',
    '2.40',
    '2.47',
    '2.48',
    '2.999.3',
    '2.5.29.17',
    '1.2.840.113549.1.1.11',
    '2.25.340282366920938463463374607431768211455',
    '2.340282366920938463463374607431768211455',
    '1.3.70368744177664.9007199254740993.1',
  ])('reads %s', (dotted) => {
    expect(readOID(readDER(oid(dotted)))).toBe(dotted)
  })

  it('reads whatever was written', () => {
    const arcs = fc.array(fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 1n << 70n)), { maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(0n, 1n, 2n), fc.bigInt(0n, 39n), arcs, (first, second, rest) => {
        const dotted = [first, second, ...rest].join('.')
        expect(readOID(readDER(oid(dotted)))).toBe(dotted)
      }),
      fuzzRuns(),
    )
  })

  it.each([
    ['empty', '06 00'],
    ['cut off', '06 02 55 9d'],
    ['padded at its start', '06 03 80 55 1d'],
    ['padded within', '06 03 55 80 1d'],
    ['longer than 128 octets', `06 81 81 55 ${'01'.repeat(128)}`],
  ])('refuses one that is %s', (_, hex) => {
    expect(isRefused(() => readOID(element(`06 81 80 55 ${'01'.repeat(127)}`)))).toBe(false)
    expect(isRefused(() => readOID(element(hex)))).toBe(true)
  })
})
