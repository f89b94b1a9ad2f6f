import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkloadAPIError } from '../../../src/workloadapi/index.ts'
import { decode, encode } from '../../../src/workloadapi/wire/codec.ts'
import { map, message, one, repeated } from '../../../src/workloadapi/wire/message.ts'
import { type Struct, type StructValue, struct } from '../../../src/workloadapi/wire/struct.ts'
import { bytes, string } from '../../../src/workloadapi/wire/types.ts'
import {
  JWTBundlesResponse,
  JWTSVIDRequest,
  ValidateJWTSVIDResponse,
  X509BundlesResponse,
  X509SVIDResponse,
} from '../../../src/workloadapi/wire/workload-api.ts'
import { fuzzRuns } from '../../support/fuzz.ts'

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
const FIXED32 = 5

const Nested = message({ text: one(1, string) })
const Everything = message({
  text: one(1, string),
  blob: one(2, bytes),
  texts: repeated(3, string),
  blobs: repeated(4, bytes),
  byName: map(5, bytes),
  nested: one(6, Nested),
  list: repeated(7, Nested),
  object: one(8, struct),
})

const nothing = {
  text: '',
  blob: new Uint8Array(),
  texts: [],
  blobs: [],
  byName: new Map(),
  nested: { text: '' },
  list: [],
  object: {},
}

/** The bytes of one field. */
function field(
  number: number,
  wireType: number,
  ...content: readonly (number | Uint8Array | string)[]
): Buffer {
  const parts = content.map((part) =>
    typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string),
  )
  return Buffer.concat([varint((number << 3) | wireType), ...parts])
}

function delimited(number: number, content: Uint8Array | string): Buffer {
  const body = Buffer.from(content as string)
  return Buffer.concat([field(number, DELIMITED), varint(body.length), body])
}

function varint(value: number): Buffer {
  const octets = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...octets, rest])
    octets.push((rest & 0x7f) | 0x80)
  }
}

function codeOf(input: Uint8Array): string {
  try {
    decode(Everything, input)
    return 'accepted'
  } catch (error) {
    if (error instanceof WorkloadAPIError) return error.code
    throw error
  }
}

const MALFORMED = 'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED'

describe('decode', () => {
  it('gives every field its empty value where nothing was sent', () => {
    expect(decode(Everything, new Uint8Array())).toEqual(nothing)
  })

  it('reads fields in any order', () => {
    const input = Buffer.concat([delimited(3, 'b'), delimited(1, 'x'), delimited(3, 'a')])
    expect(decode(Everything, input)).toEqual({ ...nothing, text: 'x', texts: ['b', 'a'] })
  })

  it('takes the last of a field that came more than once', () => {
    const input = Buffer.concat([
      delimited(1, 'first'),
      delimited(2, 'a'),
      delimited(1, 'last'),
      delimited(2, ''),
    ])
    expect(decode(Everything, input)).toEqual({ ...nothing, text: 'last' })
  })

  it('merges a message that came more than once', () => {
    const Pair = message({ left: one(1, string), right: one(2, string) })
    const Outer = message({ pair: one(1, Pair) })
    const input = Buffer.concat([delimited(1, delimited(1, 'l')), delimited(1, delimited(2, 'r'))])
    expect(decode(Outer, input)).toEqual({ pair: { left: 'l', right: 'r' } })
  })

  it.each([
    ['a varint', field(99, VARINT, 0x96, 0x01)],
    ['64 bits', field(99, FIXED64, 1, 2, 3, 4, 5, 6, 7, 8)],
    ['bytes', delimited(99, 'whatever')],
    ['32 bits', field(99, FIXED32, 1, 2, 3, 4)],
    ['a group', Buffer.concat([field(99, START_GROUP), delimited(1, 'in it'), field(99, END_GROUP)])],
  ])('skips an unknown field that holds %s', (_, unknown) => {
    const input = Buffer.concat([unknown, delimited(1, 'known'), unknown])
    expect(decode(Everything, input)).toEqual({ ...nothing, text: 'known' })
  })

  it.each([
    ['varint', field(1, VARINT, 7)],
    ['64-bit', field(1, FIXED64, 1, 2, 3, 4, 5, 6, 7, 8)],
    ['32-bit', field(1, FIXED32, 1, 2, 3, 4)],
  ])('skips a known field of %s wire type, which is another field of that number', (_, other) => {
    const input = Buffer.concat([delimited(1, 'x'), other])
    expect(decode(Everything, input)).toEqual({ ...nothing, text: 'x' })
  })

  it('keeps a byte order mark: without it a text would read as another', () => {
    expect(decode(Everything, delimited(1, '\ufeffspiffe://a'))).toMatchObject({ text: '\ufeffspiffe://a' })
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0xc3]],
    ['an overlong sequence', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that UTF-8 never has', [0xff]],
  ])('refuses a string with %s', (_, octets) => {
    expect(codeOf(delimited(1, 'ok'))).toBe('accepted')
    expect(codeOf(delimited(1, Buffer.from(octets)))).toBe(MALFORMED)
    expect(codeOf(delimited(5, delimited(1, Buffer.from(octets))))).toBe(MALFORMED)
  })

  it.each([
    ['a tag that is cut', Buffer.from([0x80])],
    ['a length that is cut', Buffer.from([0x0a, 0x80])],
    ['a field shorter than its length', Buffer.from([0x0a, 5, 0x61])],
    ['a length beyond 32 bits', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['field number 0', Buffer.from([0x02, 0])],
    ['wire type 6', Buffer.from([0x0e])],
    ['wire type 7', Buffer.from([0x0f])],
    ['an end of group without a start', field(1, END_GROUP)],
    ['a group that is not ended', field(99, START_GROUP)],
    ['a group that another one ends', Buffer.concat([field(99, START_GROUP), field(98, END_GROUP)])],
    ['a message that is longer than its field', delimited(6, Buffer.from([0x0a, 9]))],
    ['text', Buffer.from('HTTP/1.1 400 Bad Request')],
  ])('refuses %s', (_, input) => {
    expect(codeOf(input)).toBe(MALFORMED)
  })

  it('refuses what is nested too deep, and reads what is not', () => {
    const nested = (depth: number): Buffer => {
      let input: Buffer = Buffer.alloc(0)
      for (let at = 0; at < depth; at++)
        input = delimited(1, Buffer.concat([delimited(2, delimited(5, input))]))
      return delimited(8, input)
    }
    expect(codeOf(nested(20))).toBe('accepted')
    expect(codeOf(nested(300))).toBe(MALFORMED)
    expect(codeOf(nested(20))).toBe('accepted')
  })

  it('throws nothing but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
        codeOf(input)
      }),
      fuzzRuns(),
    )
  })

  it('does not say what the bytes were: they may be a key', () => {
    const input = Buffer.concat([Buffer.from([0x12, 99]), Buffer.from('SECRET')])
    expect(() => decode(Everything, input)).toThrow(/8 bytes came that are no message of this call/)
    expect(() => decode(Everything, input)).not.toThrow(/SECRET/)
  })
})

describe('a map', () => {
  const entry = (...parts: readonly Buffer[]): Buffer => delimited(5, Buffer.concat(parts))
  const read = (...entries: readonly Buffer[]): ReadonlyMap<string, Uint8Array> =>
    decode(Everything, Buffer.concat(entries)).byName

  it('has an empty value where the entry has none', () => {
    expect(read(entry(delimited(1, 'key')))).toEqual(new Map([['key', new Uint8Array()]]))
  })

  it('has an empty key where the entry has none', () => {
    expect(read(entry(delimited(2, 'value')))).toEqual(new Map([['', new Uint8Array(Buffer.from('value'))]]))
  })

  it('has both empty where the entry is empty', () => {
    expect(read(entry())).toEqual(new Map([['', new Uint8Array()]]))
  })

  it('takes the last of two entries with one key', () => {
    const input = [
      entry(delimited(1, 'k'), delimited(2, 'first')),
      entry(delimited(1, 'other'), delimited(2, 'x')),
      entry(delimited(2, 'last'), delimited(1, 'k')),
    ]
    expect(read(...input).get('k')).toEqual(new Uint8Array(Buffer.from('last')))
  })

  it('skips unknown fields of an entry', () => {
    expect([...read(entry(delimited(9, '?'), delimited(1, 'k'))).keys()]).toEqual(['k'])
  })

  it('keeps names that mean something to JavaScript', () => {
    const names = ['__proto__', 'constructor', 'toString']
    expect([...read(...names.map((name) => entry(delimited(1, name)))).keys()]).toEqual(names)
  })
})

describe('a Struct', () => {
  const roundTrip = (object: Struct): Struct =>
    decode(ValidateJWTSVIDResponse, encode(ValidateJWTSVIDResponse, { spiffeID: '', claims: object })).claims

  it('carries every kind of value', () => {
    const object = {
      nothing: null,
      number: 1.5,
      zero: 0,
      text: 'x',
      empty: '',
      yes: true,
      no: false,
      list: [1, 'two', [null], {}],
      object: { deep: { deeper: [] } },
    }
    expect(roundTrip(object)).toEqual(object)
  })

  it('carries a member called __proto__ as one like any other', () => {
    const object: Struct = JSON.parse('{"__proto__": {"admin": true}}')
    const read = roundTrip(object)
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
    expect(Object.entries(read)).toEqual([['__proto__', { admin: true }]])
    expect('admin' in read).toBe(false)
  })

  it('reads a value of no kind, and one of an unknown kind, as null', () => {
    const valueFrom = (content: Buffer): unknown =>
      decode(
        ValidateJWTSVIDResponse,
        delimited(2, delimited(1, Buffer.concat([delimited(1, 'k'), delimited(2, content)]))),
      ).claims['k']
    expect(valueFrom(Buffer.alloc(0))).toBe(null)
    expect(valueFrom(field(9, VARINT, 1))).toBe(null)
    expect(valueFrom(field(1, VARINT, 0))).toBe(null)
    expect(valueFrom(Buffer.concat([delimited(3, 'first'), field(4, VARINT, 1)]))).toBe(true)
  })

  it('comes out as it went in', () => {
    const { value } = fc.letrec<{ value: StructValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.double({ noNaN: true }),
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, (content) => {
        expect(roundTrip({ content })).toEqual({ content })
      }),
      fuzzRuns(),
    )
  })
})

describe('encode', () => {
  it('writes nothing for what is empty', () => {
    expect(encode(X509SVIDResponse, { svids: [], crl: [], federatedBundles: new Map() })).toHaveLength(0)
    expect(encode(JWTSVIDRequest, { audience: [], spiffeID: '' })).toHaveLength(0)
  })

  it('writes elements of lists also where they are empty', () => {
    const content = { audience: ['', 'a', ''], spiffeID: '' }
    expect(decode(JWTSVIDRequest, encode(JWTSVIDRequest, content))).toEqual(content)
  })

  it('is read back as it was', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 8 })
    const blob = fc.uint8Array({ maxLength: 8 })
    fc.assert(
      fc.property(
        fc.record({
          text,
          blob,
          texts: fc.array(text, { maxLength: 3 }),
          blobs: fc.array(blob, { maxLength: 3 }),
          byName: fc.array(fc.tuple(text, blob), { maxLength: 3 }).map((entries) => new Map(entries)),
          nested: fc.record({ text }),
          list: fc.array(fc.record({ text }), { maxLength: 3 }),
          object: fc.dictionary(text, text, { noNullPrototype: true }),
        }),
        (content) => {
          expect(decode(Everything, encode(Everything, content))).toEqual(content)
        },
      ),
      fuzzRuns(),
    )
  })
})

/*
 * The messages against another description of them: fields by number and type, as the standard lists them.
 */
describe('the messages of the Workload API', () => {
  it('have the field numbers of the standard', () => {
    const svid = Buffer.concat(
      ['spiffe://td/a', 'certificates', 'key', 'bundle', 'hint'].map((text, at) => delimited(at + 1, text)),
    )
    const entry = (key: string, value: string): Buffer =>
      Buffer.concat([delimited(1, key), delimited(2, value)])
    const blob = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

    const x509 = [delimited(1, svid), delimited(2, 'crl'), delimited(3, entry('spiffe://f', 'der'))]
    expect(decode(X509SVIDResponse, Buffer.concat(x509))).toEqual({
      svids: [
        {
          spiffeID: 'spiffe://td/a',
          x509SVID: blob('certificates'),
          x509SVIDKey: blob('key'),
          bundle: blob('bundle'),
          hint: 'hint',
        },
      ],
      crl: [blob('crl')],
      federatedBundles: new Map([['spiffe://f', blob('der')]]),
    })
    const bundles = [delimited(1, 'crl'), delimited(2, entry('spiffe://td', 'der'))]
    expect(decode(X509BundlesResponse, Buffer.concat(bundles))).toEqual({
      crl: [blob('crl')],
      bundles: new Map([['spiffe://td', blob('der')]]),
    })
    expect(decode(JWTBundlesResponse, delimited(1, entry('spiffe://td', '{}')))).toEqual({
      bundles: new Map([['spiffe://td', blob('{}')]]),
    })
    expect(Buffer.from(encode(JWTSVIDRequest, { audience: ['a', 'b'], spiffeID: 'spiffe://td/a' }))).toEqual(
      Buffer.concat([delimited(1, 'a'), delimited(1, 'b'), delimited(2, 'spiffe://td/a')]),
    )
  })
})
