import { describe, expect, it } from 'vitest'
import { readDER } from '../../../src/internal/der.ts'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import {
  bitString,
  boolean,
  constructed,
  integer,
  nullValue,
  octetString,
  oid,
  primitive,
  sequence,
  set,
  time,
  utf8String,
} from '../../support/der-writer.ts'
import {
  algorithmDER,
  concatenated,
  type MintOptions,
  mint,
  mintCA,
  mintLeaf,
  nameDER,
} from '../../support/mint.ts'
import { malformedOf } from '../malformed.ts'

const ROOT = mintCA({ subject: 'O=acme, CN=root' })
const LEAF = mintLeaf('spiffe://acme.internal/orders', ROOT, {
  subject: 'O=acme, CN=orders',
  serial: 0x1234,
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2060-01-01T00:00:00Z'),
  dns: ['orders.acme.internal'],
})

const parse = (options: MintOptions): Certificate => Certificate.parse(mint(options).der)

describe('Certificate.parse', () => {
  it('gives the facts of a certificate', () => {
    const certificate = Certificate.parse(LEAF.der)
    expect(certificate.raw).toEqual(new Uint8Array(LEAF.der))
    expect(certificate.version).toBe(3)
    expect([...certificate.serialNumber]).toEqual([0x12, 0x34])
    expect(certificate.signatureAlgorithm.algorithm).toBe('1.2.840.10045.4.3.2')
    expect(Buffer.from(certificate.issuer.raw)).toEqual(nameDER('O=acme, CN=root'))
    expect(Buffer.from(certificate.subject.raw)).toEqual(nameDER('O=acme, CN=orders'))
    expect(new Date(certificate.notBefore).toISOString()).toBe('2026-01-01T00:00:00.000Z')
    expect(new Date(certificate.notAfter).toISOString()).toBe('2060-01-01T00:00:00.000Z')
    expect(certificate.details.uriSANs).toEqual(['spiffe://acme.internal/orders'])
    expect(certificate.details.subjectAltNames.map(({ form }) => form)).toEqual(['uri', 'dns'])
    expect(certificate.details.authorityKeyIdentifier).toBe(
      Certificate.parse(ROOT.der).details.subjectKeyIdentifier,
    )
    expect(certificate.extensions.get('2.5.29.15')).toMatchObject({ critical: true })
    expect(certificate.extensions.get('2.5.29.17')).toMatchObject({ critical: false })
  })

  it('says which bytes are signed, with what and by whom', () => {
    const certificate = Certificate.parse(LEAF.der)
    const [tbs] = readDER(LEAF.der).children
    expect(Buffer.from(certificate.tbs)).toEqual(tbs?.raw)
    expect(LEAF.certificate.verify(Certificate.parse(ROOT.der).publicKey())).toBe(true)
    expect(certificate.publicKey().export({ format: 'der', type: 'spki' })).toEqual(
      Buffer.from(certificate.spki),
    )
    expect(certificate.publicKey()).toBe(certificate.publicKey())
    expect(certificate.isSelfIssued).toBe(false)
    expect(Certificate.parse(ROOT.der).isSelfIssued).toBe(true)
  })

  it('keeps its own copy of the bytes', () => {
    const der = Buffer.from(LEAF.der)
    const certificate = Certificate.parse(der)
    der.fill(0)
    expect(Buffer.from(certificate.raw)).toEqual(LEAF.der)
    expect(certificate.details.uriSANs).toEqual(['spiffe://acme.internal/orders'])
  })

  it('reads versions 1 and 2', () => {
    expect(parse({ version: 1, onlyExtensions: [] }).version).toBe(1)
    expect(parse({ version: 2, onlyExtensions: [] }).version).toBe(2)
    expect(parse({ version: 3, onlyExtensions: [] }).extensions.size).toBe(0)
  })

  it('takes any serial number that is encoded right, and unique identifiers', () => {
    expect([...parse({ serial: 0 }).serialNumber]).toEqual([0])
    expect([...parse({ serial: -1 }).serialNumber]).toEqual([0xff])
    expect(parse({ serial: 1n << 300n }).serialNumber).toHaveLength(38)
    const withIDs = (version: 1 | 2): Certificate =>
      parse({
        version,
        onlyExtensions: [],
        editTBS: (fields) => [
          ...Object.values(fields),
          primitive(1, Buffer.from([0, 1])),
          primitive(2, Buffer.from([0, 1])),
        ],
      })
    expect(withIDs(2).version).toBe(2)
    expect(malformedOf(() => withIDs(1))).toBeDefined()
  })

  const extension = (...parts: Uint8Array[]): Uint8Array => sequence(oid('1.2.3'), ...parts)

  it.each<[string, MintOptions]>([
    ['spells out version 1', { version: constructed(0, integer(0)), onlyExtensions: [] }],
    ['is of version 4', { version: constructed(0, integer(3)) }],
    ['has a version of another type', { version: constructed(0, boolean(true)) }],
    ['has an empty version', { version: constructed(0) }],
    ['has extensions in version 1', { version: 1 }],
    ['has extensions in version 2', { version: 2 }],
    ['has an extension twice', { extensions: [{ oid: '2.5.29.19', value: sequence() }] }],
    [
      'has an extension that nobody knows twice',
      {
        extensions: [
          { oid: '1.2.3', value: nullValue() },
          { oid: '1.2.3', critical: true, value: nullValue() },
        ],
      },
    ],
    ['has a serial number that is not minimal', { serial: Buffer.from([0, 1]) }],
    ['has an empty serial number', { serial: Buffer.alloc(0) }],
    ['says another algorithm outside than inside', { outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }],
    [
      'says the same algorithm with other parameters outside',
      { outerAlgorithm: sequence(oid('1.2.840.10045.4.3.2'), nullValue()) },
    ],
    ['has something after its algorithm', { algorithm: sequence(oid('1.2.3'), nullValue(), nullValue()) }],
    [
      'has an empty list of extensions',
      { editTBS: ({ extensions: _, ...fields }) => [...Object.values(fields), constructed(3, sequence())] },
    ],
    ['has two lists of extensions', { editTBS: (fields) => [...Object.values(fields), fields.extensions] }],
    [
      'has two lists under one tag',
      {
        editTBS: ({ extensions: _, ...fields }) => [
          ...Object.values(fields),
          constructed(3, sequence(extension(octetString(nullValue()))), sequence()),
        ],
      },
    ],
    ['has something after its extensions', { editTBS: (fields) => [...Object.values(fields), nullValue()] }],
    [
      'spells out that an extension is not critical',
      {
        editTBS: ({ extensions: _, ...fields }) => [
          ...Object.values(fields),
          constructed(3, sequence(extension(boolean(false), octetString(nullValue())))),
        ],
      },
    ],
    [
      'has something after an extension',
      {
        editTBS: ({ extensions: _, ...fields }) => [
          ...Object.values(fields),
          constructed(3, sequence(extension(octetString(nullValue()), nullValue()))),
        ],
      },
    ],
    [
      'has an extension of another type',
      {
        editTBS: ({ extensions: _, ...fields }) => [
          ...Object.values(fields),
          constructed(3, sequence(extension(bitString(nullValue())))),
        ],
      },
    ],
    [
      'has three times in its validity',
      {
        editTBS: (fields) =>
          Object.values({
            ...fields,
            validity: sequence(time(new Date()), time(new Date()), time(new Date())),
          }),
      },
    ],
    [
      'has one time in its validity',
      { editTBS: (fields) => Object.values({ ...fields, validity: sequence(time(new Date())) }) },
    ],
    [
      'has a validity of another type',
      {
        editTBS: (fields) => Object.values({ ...fields, validity: set(time(new Date()), time(new Date())) }),
      },
    ],
    ['has an issuer of another type', { issuerName: utf8String('acme') }],
    ['has no subject', { editTBS: ({ subject: _, ...fields }) => Object.values(fields) }],
    [
      'has fields out of order',
      { editTBS: ({ serial, ...fields }) => [fields.version, fields.algorithm, serial] },
    ],
    ['is cut off', { editTBS: (fields) => Object.values(fields).slice(0, 4) }],
  ])('refuses one that %s', (_, options) => {
    expect(malformedOf(() => parse({}))).toBeUndefined()
    expect(malformedOf(() => parse(options))).toBeDefined()
  })

  const [tbs = nullValue(), algorithm = nullValue(), signature = nullValue()] = readDER(
    LEAF.der,
  ).children.map(({ raw }) => raw)

  it.each([
    ['bytes after it', Buffer.concat([LEAF.der, Buffer.from([0])])],
    ['another certificate after it', concatenated(LEAF, ROOT)],
    ['something after its signature', sequence(tbs, algorithm, signature, nullValue())],
    ['no signature', sequence(tbs, algorithm)],
    ['a signature of some bits', sequence(tbs, algorithm, bitString(Buffer.from([2]), 1))],
    ['a signature of another type', sequence(tbs, algorithm, octetString(Buffer.from([2])))],
    ['no bytes', Buffer.alloc(0)],
    ['text for bytes', Buffer.from('-----BEGIN CERTIFICATE-----')],
  ])('refuses one with %s', (_, der) => {
    expect(malformedOf(() => Certificate.parse(sequence(tbs, algorithm, signature)))).toBeUndefined()
    expect(malformedOf(() => Certificate.parse(der))).toBeDefined()
  })

  it('reads what key and extensions say only when it is asked', () => {
    const strange = parse({ keyUsage: false, extensions: [{ oid: '2.5.29.15', value: nullValue() }] })
    expect(strange.extensions.has('2.5.29.15')).toBe(true)
    expect(malformedOf(() => strange.details)).toBeDefined()
    const keyless = parse({ spki: sequence(algorithmDER(ROOT.key), nullValue()) })
    expect(malformedOf(() => keyless.details)).toBeDefined()
    expect(() => keyless.publicKey()).toThrow()
  })
})

describe('Certificate.parseConcatenated', () => {
  it('cuts certificates apart, and gives none for no bytes', () => {
    const certificates = Certificate.parseConcatenated(concatenated(LEAF, ROOT))
    expect(certificates.map(({ raw }) => Buffer.from(raw))).toEqual([LEAF.der, ROOT.der])
    expect(Certificate.parseConcatenated(new Uint8Array())).toEqual([])
  })

  it.each([
    ['padding', Buffer.from([0])],
    ['a certificate that is cut off', ROOT.der.subarray(0, 100)],
    ['something else', sequence()],
  ])('refuses %s after a certificate', (_, rest) => {
    expect(malformedOf(() => Certificate.parseConcatenated(Buffer.concat([LEAF.der, rest])))).toBeDefined()
  })
})
