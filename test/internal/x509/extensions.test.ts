import { describe, expect, it } from 'vitest'
import {
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readInhibitAnyPolicy,
  readKeyUsage,
  readPolicyConstraints,
  readPolicyMappings,
  readSubjectAltName,
  readSubjectKeyIdentifier,
} from '../../../src/internal/x509/extensions.ts'
import { readNameConstraints } from '../../../src/internal/x509/name-constraints.ts'
import {
  bitString,
  boolean,
  constructed,
  ia5String,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  primitive,
  sequence,
  set,
  tlv,
  utf8String,
} from '../../support/der-writer.ts'
import { generalNameDER } from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

const name = generalNameDER({ uri: 'spiffe://acme.internal/orders' })
const policy = (dotted: string, ...rest: Uint8Array[]): Uint8Array => sequence(oid(dotted), ...rest)
const mapping = sequence(oid('1.2.3'), oid('1.2.4'))

const CPS = oid('1.3.6.1.5.5.7.2.1')
const NOTICE = oid('1.3.6.1.5.5.7.2.2')
const qualified = (...qualifier: Uint8Array[]): Uint8Array =>
  policy('1.2.3', sequence(sequence(...qualifier)))

/** A reader, a value that it takes, and values that it refuses. */
interface Case {
  readonly reader: (value: Uint8Array) => unknown
  readonly valid: Uint8Array
  readonly refused: Readonly<Record<string, Uint8Array>>
}

const CASES: readonly Case[] = [
  {
    reader: readKeyUsage,
    valid: namedBits([0]),
    refused: {
      'another type': octetString(Buffer.from([7, 0x80])),
      'zero bits at the end': bitString(Buffer.from([0x80])),
      'bytes after it': Buffer.concat([namedBits([0]), nullValue()]),
      nothing: Buffer.alloc(0),
    },
  },
  {
    reader: readBasicConstraints,
    valid: sequence(boolean(true), integer(0)),
    refused: {
      'another type': set(boolean(true)),
      'cA spelled out as false': sequence(boolean(false)),
      'a BOOLEAN of 1': sequence(tlv(0x01, Buffer.from([1]))),
      'a negative path length': sequence(boolean(true), integer(-1)),
      'a path length before cA': sequence(integer(0), boolean(true)),
      'something more': sequence(boolean(true), integer(0), nullValue()),
    },
  },
  {
    reader: readExtendedKeyUsage,
    valid: sequence(oid('1.3.6.1.5.5.7.3.1')),
    refused: {
      'no purpose': sequence(),
      'another type': set(oid('1.3.6.1.5.5.7.3.1')),
      'a purpose of another type': sequence(integer(1)),
    },
  },
  {
    reader: readSubjectAltName,
    valid: sequence(name),
    refused: {
      'no name': sequence(),
      'another type': set(name),
      'an address of 5 octets': sequence(generalNameDER({ ip: Buffer.alloc(5) })),
      'an address range': sequence(generalNameDER({ ip: Buffer.alloc(8) })),
      'a name of no known form': sequence(primitive(9, Buffer.from('x'))),
    },
  },
  {
    reader: readSubjectKeyIdentifier,
    valid: octetString(Buffer.from('id')),
    refused: { 'another type': bitString(Buffer.from('id')) },
  },
  {
    reader: readAuthorityKeyIdentifier,
    valid: sequence(primitive(0, Buffer.from('id')), constructed(1, name), primitive(2, Buffer.from([1]))),
    refused: {
      'another type': octetString(Buffer.from('id')),
      'components out of order': sequence(constructed(1, name), primitive(0, Buffer.from('id'))),
      'an empty list of names': sequence(constructed(1)),
      'a serial number that is not minimal': sequence(primitive(2, Buffer.from([0, 1]))),
      'something more': sequence(nullValue()),
    },
  },
  {
    reader: readCertificatePolicies,
    valid: sequence(qualified(oid('1.2.3.4'), integer(1)), policy('1.2.4')),
    refused: {
      'no policy': sequence(),
      'another type': set(policy('1.2.3')),
      'a policy twice': sequence(policy('1.2.3'), policy('1.2.3')),
      'an empty list of qualifiers': sequence(policy('1.2.3', sequence())),
      'a qualifier without a value': sequence(qualified(oid('1.2.3.4'))),
      'a qualifier without a kind': sequence(qualified(integer(1), integer(1))),
      'something more in a qualifier': sequence(qualified(oid('1.2.3.4'), integer(1), integer(1))),
      'a qualifier that is no SEQUENCE': sequence(policy('1.2.3', sequence(oid('1.2.3.4')))),
      'a practice statement that is no IA5String': sequence(qualified(CPS, integer(1))),
      'a practice statement beyond ASCII': sequence(qualified(CPS, tlv(0x16, Buffer.from([0x80])))),
      'a user notice that is no SEQUENCE': sequence(qualified(NOTICE, ia5String('read me'))),
      'something more in a user notice': sequence(
        qualified(NOTICE, sequence(sequence(), utf8String('read me'), nullValue())),
      ),
      'a policy without an identifier': sequence(sequence()),
      'something more in a policy': sequence(policy('1.2.3', nullValue())),
    },
  },
  {
    reader: readPolicyMappings,
    valid: sequence(mapping),
    refused: {
      'no mapping': sequence(),
      'half a mapping': sequence(sequence(oid('1.2.3'))),
      'something more in a mapping': sequence(sequence(oid('1.2.3'), oid('1.2.4'), nullValue())),
    },
  },
  {
    reader: readPolicyConstraints,
    valid: sequence(primitive(0, Buffer.from([0])), primitive(1, Buffer.from([1]))),
    refused: {
      'nothing in it': sequence(),
      'another type': set(primitive(0, Buffer.from([0]))),
      'a negative count': sequence(primitive(0, Buffer.from([0xff]))),
      'a negative count of the other kind': sequence(primitive(1, Buffer.from([0xff]))),
      'components out of order': sequence(primitive(1, Buffer.from([0])), primitive(0, Buffer.from([0]))),
    },
  },
  {
    reader: readInhibitAnyPolicy,
    valid: integer(3),
    refused: { 'another type': octetString(Buffer.from([3])), 'a negative count': integer(-1) },
  },
]

const REFUSALS = CASES.flatMap(({ reader, valid, refused }) =>
  Object.entries(refused).map(([what, value]) => ({ reader, name: reader.name, valid, what, value })),
)

describe('extensions', () => {
  it.each(REFUSALS)('$name refuses $what', ({ reader, valid, value }) => {
    expect(malformedOf(() => reader(valid))).toBeUndefined()
    expect(malformedOf(() => reader(value))).toBeDefined()
  })

  it('say what the key may be used for', () => {
    const none = { digitalSignature: false, keyCertSign: false, cRLSign: false }
    expect(readKeyUsage(namedBits([0]))).toEqual({ ...none, digitalSignature: true })
    expect(readKeyUsage(namedBits([5]))).toEqual({ ...none, keyCertSign: true })
    expect(readKeyUsage(namedBits([6]))).toEqual({ ...none, cRLSign: true })
    expect(readKeyUsage(namedBits([1, 2, 3, 4, 7, 8]))).toEqual(none)
    expect(readKeyUsage(namedBits([]))).toEqual(none)
  })

  it('say how far an authority reaches', () => {
    expect(readBasicConstraints(sequence())).toEqual({ cA: false, pathLen: undefined })
    expect(readBasicConstraints(sequence(boolean(true)))).toEqual({ cA: true, pathLen: undefined })
    expect(readBasicConstraints(sequence(boolean(true), integer(3)))).toEqual({ cA: true, pathLen: 3 })
  })

  it('list purposes, names and policies', () => {
    expect(readExtendedKeyUsage(sequence(oid('1.2.3'), oid('1.2.4')))).toEqual(new Set(['1.2.3', '1.2.4']))
    expect(
      readSubjectAltName(sequence(name, generalNameDER({ ip: '::1' }), generalNameDER({ ip: '10.0.0.1' }))),
    ).toHaveLength(3)
    expect(readCertificatePolicies(sequence(policy('1.2.3'), policy('1.2.4')))).toEqual({
      policies: new Set(['1.2.3', '1.2.4']),
      qualifiers: new Set(),
    })
    expect(readPolicyMappings(sequence(mapping))).toEqual([
      { issuerDomainPolicy: '1.2.3', subjectDomainPolicy: '1.2.4' },
    ])
  })

  it('name the kinds of qualifiers that policies have', () => {
    const notice = sequence(sequence(utf8String('acme'), sequence(integer(1))), utf8String('read me'))
    const value = sequence(
      policy(
        '1.2.3',
        sequence(
          sequence(CPS, ia5String('https://acme')),
          sequence(NOTICE, notice),
          sequence(NOTICE, sequence()),
        ),
      ),
      policy('1.2.4', sequence(sequence(oid('1.2.3.4'), integer(1)))),
    )
    expect(readCertificatePolicies(value).qualifiers).toEqual(
      new Set(['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2', '1.2.3.4']),
    )
  })

  it.each([0, 3, 5])('do not look into names of the form [%i], wherever names stand', (form) => {
    const closed = constructed(form, tlv(0xbf, Buffer.from([0x1f, 0])), tlv(0x28, nullValue()))
    expect(readSubjectAltName(sequence(name, closed))).toHaveLength(2)
    expect(readAuthorityKeyIdentifier(sequence(constructed(1, closed)))).toBeUndefined()
    expect(
      readNameConstraints(
        sequence(constructed(0, sequence(generalNameDER({ dns: 'acme' }))), constructed(1, sequence(closed))),
      ).excluded.size,
    ).toBe(1)
    expect(malformedOf(() => readSubjectAltName(sequence(constructed(4, closed))))).toBeDefined()
  })

  it('give the identifiers of keys', () => {
    expect(readSubjectKeyIdentifier(octetString(Buffer.from('id')))).toEqual(Buffer.from('id'))
    expect(readAuthorityKeyIdentifier(sequence(primitive(0, Buffer.from('id'))))).toEqual(Buffer.from('id'))
    expect(
      readAuthorityKeyIdentifier(sequence(constructed(1, name), primitive(2, Buffer.from([1])))),
    ).toBeUndefined()
    expect(readAuthorityKeyIdentifier(sequence())).toBeUndefined()
  })

  it('give the counts that policies are bound by', () => {
    expect(readPolicyConstraints(sequence(primitive(0, Buffer.from([2]))))).toEqual({
      requireExplicitPolicy: 2,
      inhibitPolicyMapping: undefined,
    })
    expect(readPolicyConstraints(sequence(primitive(1, Buffer.from([0]))))).toEqual({
      requireExplicitPolicy: undefined,
      inhibitPolicyMapping: 0,
    })
    expect(readInhibitAnyPolicy(integer(7))).toBe(7)
  })
})
