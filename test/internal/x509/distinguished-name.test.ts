import { describe, expect, it } from 'vitest'
import { readDER } from '../../../src/internal/der.ts'
import { DistinguishedName } from '../../../src/internal/x509/distinguished-name.ts'
import {
  ia5String,
  integer,
  nullValue,
  oid,
  printableString,
  sequence,
  set,
  tlv,
  utf8String,
} from '../../support/der-writer.ts'
import { attributeDER, nameDER } from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

const O = '2.5.4.10'
const CN = '2.5.4.3'

const name = (der: string | Uint8Array): DistinguishedName => DistinguishedName.read(readDER(nameDER(der)))
const withValue = (value: Uint8Array): DistinguishedName => name(sequence(set(attributeDER(O, value))))

describe('DistinguishedName', () => {
  it('says whether it is empty, and what its encoding is', () => {
    expect(name('').isEmpty).toBe(true)
    expect(name('O=acme').isEmpty).toBe(false)
    expect(name('O=acme').raw).toEqual(nameDER('O=acme'))
    expect(name('O=acme').key).toBe(name('O=acme').key)
    expect(name('O=acme').key).not.toBe(name('O=Acme').key)
  })

  it('knows the types of its attributes', () => {
    expect(name('O=acme, emailAddress=a@b').has('1.2.840.113549.1.9.1')).toBe(true)
    expect(name('O=acme').has('1.2.840.113549.1.9.1')).toBe(false)
  })

  it('is within what it begins with, and within itself', () => {
    expect(name('O=acme, CN=orders').isWithin(name('O=acme'))).toBe(true)
    expect(name('O=acme').isWithin(name('O=acme'))).toBe(true)
    expect(name('O=acme').isWithin(name(''))).toBe(true)
    expect(name('O=acme').isWithin(name('O=acme, CN=orders'))).toBe(false)
    expect(name('CN=orders, O=acme').isWithin(name('O=acme'))).toBe(false)
    expect(name('CN=acme').isWithin(name('O=acme'))).toBe(false)
    expect(name('').isWithin(name('O=acme'))).toBe(false)
  })

  const equivalents: [string, Uint8Array][] = [
    ['another string type', printableString('acme corp')],
    ['another case', utf8String('ACME Corp')],
    ['more spaces', utf8String('  acme   corp ')],
    ['another kind of space', utf8String('acme\u00a0corp')],
    ['a soft hyphen', utf8String('ac\u00adme corp')],
    ['a soft hyphen between spaces', utf8String('acme \u00ad corp')],
    ['a zero-width space', utf8String('ac\u200bme corp')],
    ['a compatible letter', utf8String('ac\uff4de corp')],
    ['an IA5String', ia5String('acme corp')],
    ['a NumericString', tlv(0x12, Buffer.from('acme corp'))],
    ['a VisibleString', tlv(0x1a, Buffer.from('acme corp'))],
    ['a TeletexString', tlv(0x14, Buffer.from('acme corp'))],
    ['a BMPString', tlv(0x1e, Buffer.from('acme corp', 'utf16le').swap16())],
    [
      'a UniversalString',
      tlv(0x1c, Buffer.from([...'acme corp'].flatMap((c) => [0, 0, 0, c.charCodeAt(0)]))),
    ],
  ]

  it.each(equivalents)('matches a value with %s', (_, value) => {
    expect(withValue(value).isWithin(withValue(utf8String('acme corp')))).toBe(true)
    expect(withValue(value).isWithin(withValue(utf8String('acme')))).toBe(false)
  })

  it.each(['acmecorp', 'acme-corp', 'acme corps', ''])('does not match another value, %j', (text) => {
    expect(withValue(utf8String('acme corp')).isWithin(withValue(utf8String(text)))).toBe(false)
    expect(withValue(utf8String(text)).isWithin(withValue(utf8String('acme corp')))).toBe(false)
  })

  it('takes the last character there is for one', () => {
    const last = tlv(0x1c, Buffer.from([0, 0x10, 0xff, 0xff]))
    expect(withValue(last).isWithin(withValue(utf8String('\u{10ffff}')))).toBe(true)
    expect(withValue(last).isWithin(withValue(utf8String('a')))).toBe(false)
  })

  it.each([
    ['UTF-8', tlv(0x0c, Buffer.from([0x61, 0xff]))],
    ['UTF-16', tlv(0x1e, Buffer.from([0x00, 0x61, 0xd8, 0x00]))],
    ['UTF-16 of half a character', tlv(0x1e, Buffer.from([0x00, 0x61, 0x00]))],
    ['UTF-32 of half a character', tlv(0x1c, Buffer.from([0, 0, 0, 0x61, 0]))],
    ['UTF-32 beyond the last character', tlv(0x1c, Buffer.from([0, 0x11, 0, 0]))],
  ])('takes a value that is not in its encoding, %s, as itself alone', (_, value) => {
    expect(withValue(value).isWithin(withValue(value))).toBe(true)
    expect(withValue(value).isWithin(withValue(utf8String('a')))).toBeUndefined()
    expect(withValue(utf8String('a')).isWithin(withValue(value))).toBeUndefined()
  })

  it.each([
    ['a GraphicString', tlv(0x19, Buffer.from('acme'))],
    ['a GeneralString', tlv(0x1b, Buffer.from('acme'))],
    ['a VideotexString', tlv(0x15, Buffer.from('acme'))],
    ['an INTEGER', integer(5)],
  ])('cannot tell whether %s differs from another value', (_, value) => {
    expect(withValue(value).isWithin(withValue(value))).toBe(true)
    expect(withValue(value).isWithin(withValue(utf8String('acme')))).toBeUndefined()
    expect(withValue(utf8String('acme')).isWithin(withValue(value))).toBeUndefined()
    expect(withValue(value).isWithin(withValue(tlv(0x0a, Buffer.from([5]))))).toBeUndefined()
  })

  it('can tell where another level or another type decides', () => {
    const opaque = attributeDER(O, integer(5))
    const below = (cn: string, ...before: Uint8Array[]): DistinguishedName =>
      name(sequence(...before.map((each) => set(each)), set(attributeDER(CN, utf8String(cn)))))
    const base = below('orders', attributeDER(O, utf8String('acme')))
    expect(below('orders', opaque).isWithin(base)).toBeUndefined()
    expect(below('billing', opaque).isWithin(base)).toBe(false)
    expect(below('orders', attributeDER(O, utf8String('evil'))).isWithin(base)).toBe(false)
    expect(name(sequence(set(opaque))).isWithin(name('CN=orders'))).toBe(false)
    expect(name('').isWithin(name(sequence(set(opaque))))).toBe(false)
  })

  it('compares the attributes of one level as a set', () => {
    const pair = (...attributes: Uint8Array[]): DistinguishedName => name(sequence(set(...attributes)))
    const o = attributeDER(O, utf8String('acme'))
    const wideO = attributeDER(O, tlv(0x1e, Buffer.from('acme', 'utf16le').swap16()))
    const cn = attributeDER(CN, utf8String('orders'))
    expect(pair(o, cn).isWithin(pair(cn, wideO))).toBe(true)
    expect(pair(o, cn).isWithin(pair(o))).toBe(false)
    expect(pair(o).isWithin(pair(o, cn))).toBe(false)
    const opaque = attributeDER(O, integer(5))
    expect(pair(opaque, cn).isWithin(pair(cn, wideO))).toBeUndefined()
  })

  it('has the attributes of one level in the order of DER', () => {
    const o = attributeDER(O, utf8String('acme'))
    const cn = attributeDER(CN, utf8String('acme'))
    expect(malformedOf(() => name(sequence(set(cn, o))))).toBeUndefined()
    expect(malformedOf(() => name(sequence(set(o, cn))))?.message).toContain('X.690 §11.6')
    expect(malformedOf(() => name(sequence(set(o), set(cn))))).toBeUndefined()
  })

  it.each([
    ['is no SEQUENCE', set()],
    ['has an empty level', sequence(set())],
    ['has a level that is no SET', sequence(sequence(attributeDER(O, utf8String('a'))))],
    ['has an attribute without a value', sequence(set(sequence(oid(O))))],
    ['has an attribute with two values', sequence(set(sequence(oid(O), nullValue(), nullValue())))],
    ['has an attribute without a type', sequence(set(sequence(utf8String('a'))))],
    ['has an attribute that is no SEQUENCE', sequence(set(oid(O)))],
  ])('is refused when it %s', (_, der) => {
    expect(malformedOf(() => name('O=acme'))).toBeUndefined()
    expect(malformedOf(() => name(der))).toBeDefined()
  })
})
