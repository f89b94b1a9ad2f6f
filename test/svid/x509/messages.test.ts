import { expect, test } from 'vitest'
import { X509Bundle } from '../../../src/bundle/index.ts'
import { X509SVID, x509svid } from '../../../src/svid/index.ts'
import {
  bitString,
  ia5String,
  integer,
  nullValue,
  oid,
  primitive,
  sequence,
  set,
  tlv,
} from '../../support/der-writer.ts'
import { detailOf } from '../../support/detail-of.ts'
import {
  attributeDER,
  type keyNamed,
  type Minted,
  type MintOptions,
  mintCA,
  mintLeaf,
} from '../../support/mint.ts'
import { bundleOf, refusalOf } from './verdict-of.ts'

const id = 'spiffe://acme.internal/orders'
const at = (iso: string): Date => new Date(iso)
const authority = mintCA({ serial: 0xca })
const bundle = bundleOf(authority)
const leafOf = (options: MintOptions = {}): Minted => mintLeaf(id, authority, { serial: 0x1eaf, ...options })
const good = leafOf()
const THE_LEAF = 'the certificate with serial number 1EAF'
const THE_AUTHORITY = 'the certificate with serial number CA'

const verify =
  (chain: readonly Minted[], bundles: unknown = bundle, options: object = {}) =>
  () =>
    x509svid.verify(
      chain.map(({ der }) => der),
      bundles as never,
      options,
    )

/** A peer that is good but for this in its leaf. */
const peer = (options: MintOptions, verifyOptions?: object) =>
  verify([leafOf(options)], bundle, verifyOptions)

/** A good leaf below a CA that is good but for this. */
function below(options: MintOptions, parent: Minted = authority, leaf: MintOptions = {}) {
  const issuer = mintCA({ subject: 'CN=between', serial: 0xb0, issuer: parent, ...options })
  return verify([mintLeaf(id, issuer, { serial: 0x1eaf, ...leaf }), issuer])
}

/** An SVID of our own that is good but for this in its leaf. */
const own = (options: MintOptions) => () => X509SVID.parse(leafOf(options).pem, good.keyPEM)

const key = (name: Parameters<typeof keyNamed>[0]): MintOptions => ({ key: name })
const NULL = nullValue()

test('what is told apart below is a good leaf', () => {
  expect(verify([good])().id.uri).toBe(id)
  expect(below({})().id.uri).toBe(id)
  expect(X509SVID.parse(good.pem, good.keyPEM).id.uri).toBe(id)
})

test.each<[detail: string, refused: () => unknown]>([
  ['the chain is empty', verify([])],
  [`${id}: it sent 17 certificates`, verify(Array(17).fill(good))],
  ['a certificate cannot be read', () => x509svid.verify([Buffer.of(1)], bundle)],
  [`${THE_LEAF} has an empty issuer`, peer({ issuerName: '' })],
  [`${THE_LEAF} has an empty subject`, peer({ subject: '', basicConstraints: { cA: true } })],
  ['the certificate holds no URI alternative name', peer({ uris: [] })],
  ['the certificate holds 2 URI alternative names', peer({ uris: [id, id] })],
  ['the URI alternative name is no SPIFFE ID', peer({ uris: ['https://acme.internal'] })],

  [`${id}: its leaf is the certificate of a CA`, peer({ basicConstraints: { cA: true } })],
  [
    `${id}: its leaf may sign certificates or revocation lists`,
    peer({ keyUsage: ['digitalSignature', 'cRLSign'] }),
  ],
  ['spiffe://acme.internal: the ID of a leaf has no path', peer({ uris: ['spiffe://acme.internal'] })],
  [
    `${id}: its leaf has no subject, and its alternative name is not critical`,
    peer({ subject: '', sanCritical: false }),
  ],
  [`${id}: the Key Usage of its leaf lacks digitalSignature`, peer({ keyUsage: ['keyAgreement'] })],
  [
    `${id}: the Extended Key Usage of its leaf does not allow it to act as a client`,
    peer({ eku: ['serverAuth'] }, { role: 'client' }),
  ],

  [
    `${id}: ${THE_LEAF} is valid from 2026-02-01T00:00:00.000Z`,
    peer({ notBefore: at('2026-02-01T00:00:00Z') }, { now: at('2026-01-01T00:00:00Z') }),
  ],
  [
    `${id}: ${THE_LEAF} expired at 2026-02-01T00:00:00.000Z`,
    peer(
      { notBefore: at('2026-01-01T00:00:00Z'), notAfter: at('2026-02-01T00:00:00Z') },
      { now: at('2026-03-01T00:00:00Z') },
    ),
  ],
  [
    `${id}: ${THE_LEAF} has the critical extension 1.2.3, which is not processed`,
    peer({ extensions: [{ oid: '1.2.3', critical: true, value: NULL }] }),
  ],
  [`${id}: ${THE_LEAF} has an RSA key of 1024 bits`, peer(key('rsa1024/weak'))],
  [`${id}: ${THE_LEAF} has an EC key on the curve 1.3.132.0.33`, peer(key('p224/weak'))],

  [
    `${id}: the certificate with serial number B0 maps anyPolicy`,
    below({
      extensions: [
        { oid: '2.5.29.33', critical: true, value: sequence(sequence(oid('2.5.29.32.0'), oid('1.2.3'))) },
      ],
    }),
  ],
  [
    `${id}: a CA requires a certificate policy, and none is left`,
    below({
      extensions: [{ oid: '2.5.29.36', critical: true, value: sequence(primitive(0, Buffer.of(0))) }],
    }),
  ],
  [`${id}: no authority of acme.internal issued it`, verify([good], bundleOf(mintCA({ subject: 'CN=b' })))],
  [`${id}: the bundle of acme.internal is empty`, verify([good], bundleOf())],
  [
    `${id}: ${THE_LEAF} is not signed with the key of ${THE_AUTHORITY}`,
    peer({ signatureValue: Buffer.of(1) }),
  ],
  [`${id}: ${THE_LEAF} is signed with 1.2.840.10045.4.1`, peer({ signature: 'sha1' })],
  [
    `${id}: the certificate with serial number B0 issued another, but is no CA`,
    below({ basicConstraints: { cA: false } }),
  ],
  [
    `${id}: the certificate with serial number B0 issued another, but its Key Usage lacks keyCertSign`,
    below({ keyUsage: ['cRLSign'] }),
  ],
  [
    `${id}: the certificate with serial number B0 is an intermediate more than a CA above it allows`,
    (() => {
      const narrow = mintCA({ subject: 'CN=narrow', pathLen: 0 })
      const between = mintCA({ subject: 'CN=between', serial: 0xb0, issuer: narrow })
      return verify([mintLeaf(id, between), between], bundleOf(narrow))
    })(),
  ],
  [
    `${id}: ${THE_LEAF} has a name of the form uri that is not permitted by the name constraints of the certificate with serial number B0`,
    below({ nameConstraints: { permitted: [{ uri: 'other.test' }] } }),
  ],
  [
    `${id}: ${THE_LEAF} has a name of the form dns that is excluded by the name constraints of the certificate with serial number B0`,
    below({ nameConstraints: { excluded: [{ dns: 'acme.internal' }] } }, authority, {
      dns: ['orders.acme.internal'],
      uris: [id],
    }),
  ],

  [`${id}: there is no bundle for acme.internal`, verify([good], { getX509Bundle: () => undefined })],
  [
    `${id}: asked for the bundle of acme.internal, the source gave that of other.test`,
    verify([good], { getX509Bundle: () => X509Bundle.fromX509Authorities('other.test', []) }),
  ],
  [
    `${id}: the bundle of acme.internal could not be had: its source failed`,
    verify([good], {
      getX509Bundle: () => {
        throw new Error('closed')
      },
    }),
  ],
  ['TypeError: an X509BundleSource is needed', verify([good], {})],
  ['TypeError: an X509BundleSource is needed', verify([good], null)],
  [
    'TypeError: a bundle source must answer with an X509Bundle',
    verify([good], { getX509Bundle: () => Promise.resolve(bundle) }),
  ],
  ["TypeError: role must be 'client' or 'server'", verify([good], bundle, { role: 'peer' })],
  ['TypeError: now must be a valid Date', verify([good], bundle, { now: new Date(Number.NaN) })],
  ['TypeError: the chain must be an array of certificates', () => x509svid.verify(good.der as never, bundle)],
  [
    'TypeError: a certificate must be a Uint8Array of DER or an X509Certificate',
    () => x509svid.verify([good.pem] as never, bundle),
  ],

  ['there is no certificate', () => X509SVID.parse('', good.keyPEM)],
  ['the certificates cannot be read', () => X509SVID.parseRaw(Buffer.of(1), good.keyDER)],
  [`${id}: there are 17 certificates`, () => X509SVID.parse(good.pem.repeat(17), good.keyPEM)],
  [`${id}: its leaf has no critical Key Usage`, own({ keyUsage: false })],
  [`${id}: the Extended Key Usage of its leaf lacks serverAuth or clientAuth`, own({ eku: ['serverAuth'] })],
  [
    `${id}: ${THE_LEAF} stands after the leaf, but lacks cA or keyCertSign`,
    () => X509SVID.parse(good.pem + good.pem, good.keyPEM),
  ],
  [`${id}: there is no private key`, () => X509SVID.parse(good.pem, '')],
  [`${id}: there is more than one private key`, () => X509SVID.parse(good.pem, good.keyPEM.repeat(2))],
  [`${id}: the private key does not belong to its leaf`, () => X509SVID.parse(good.pem, authority.keyPEM)],
  [`${id}: the private key cannot be read`, () => X509SVID.parseRaw(good.der, Buffer.of(0x30, 0x00))],
  [
    `${id}: the PEM of the private key cannot be read`,
    () => X509SVID.parse(good.pem, '-----BEGIN PRIVATE KEY-----\n'),
  ],
  ['TypeError: DER must be a Uint8Array', () => X509SVID.parseRaw(good.pem as never, good.keyDER)],
  ['TypeError: PEM must be a string', () => X509SVID.parse(good.der as never, good.keyPEM)],
  ['TypeError: the hint must be a string', () => X509SVID.parse(good.pem, good.keyPEM, { hint: 7 as never })],
  ['the certificate cannot be read', () => x509svid.idFromCert(Buffer.of(1))],
  [
    'TypeError: a Uint8Array of DER or an X509Certificate is needed',
    () => x509svid.idFromCert(good.pem as never),
  ],
  [`${THE_LEAF} cannot be read`, peer({ uris: [], extensions: [{ oid: '2.5.29.17', value: NULL }] })],
  [
    `${id}: it cannot be written to "/no/svid.pem" and "/no/key.pem"`,
    () => x509svid.save(X509SVID.parse(good.pem, good.keyPEM), '/no/svid.pem', '/no/key.pem'),
  ],
  [
    `${id}: ${THE_LEAF} cannot be read by OpenSSL`,
    () =>
      peer({ subject: sequence(set(attributeDER('2.5.4.3', tlv(0x0c, Buffer.of(0xff))))) })().certificate(),
  ],
  ['TypeError: an X509SVID is needed', () => x509svid.save({} as never, 'svid.pem', 'key.pem')],
])('%s', async (detail, refused) => {
  expect(await detailOf(refused)).toBe(detail)
})

test.each<[detail: string, rule: string, refused: () => unknown]>([
  [`${THE_LEAF} has an empty issuer`, 'RFC 5280 §4.1.2.4', peer({ issuerName: '' })],
  [
    `${THE_LEAF} has an empty subject`,
    'RFC 5280 §4.1.2.6',
    peer({ subject: '', basicConstraints: { cA: true } }),
  ],
  [
    `${id}: the Key Usage of its leaf lacks digitalSignature`,
    'RFC 5280 §4.2.1.3',
    peer({ keyUsage: ['keyAgreement'] }),
  ],
  [
    `${id}: the Extended Key Usage of its leaf does not allow it to act as a server`,
    'RFC 5280 §4.2.1.12',
    peer({ eku: ['clientAuth'] }, { role: 'server' }),
  ],
  [
    `${id}: ${THE_LEAF} has critical policies with the qualifier 1.2.3, which is not processed`,
    'RFC 5280 §4.2.1.4',
    peer({
      extensions: [
        {
          oid: '2.5.29.32',
          critical: true,
          value: sequence(sequence(oid('1.2'), sequence(sequence(oid('1.2.3'), NULL)))),
        },
      ],
    }),
  ],
  [
    `${id}: ${THE_LEAF} stands after the leaf, but lacks cA or keyCertSign`,
    'X509-SVID §3.2',
    () => X509SVID.parse(good.pem + good.pem, good.keyPEM),
  ],
])('%s, by %s', async (detail, rule, refused) => {
  expect([await detailOf(refused), refusalOf(refused).rule]).toEqual([detail, rule])
})

const rsa = (bits: number, exponent: bigint, last = 1): Uint8Array => {
  const modulus = Buffer.alloc(bits / 8, 0xa5)
  modulus[modulus.length - 1] = last
  return sequence(
    sequence(oid('1.2.840.113549.1.1.1'), NULL),
    bitString(sequence(integer(BigInt(`0x${modulus.toString('hex')}`)), integer(exponent))),
  )
}
const ec = (point: Uint8Array): Uint8Array =>
  sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bitString(point))

test.each<[weakness: string, spki: Uint8Array]>([
  ['an RSA key of 1024 bits', rsa(1024, 65537n)],
  ['an RSA key of 16384 bits', rsa(16384, 65537n)],
  ['an RSA modulus that is even', rsa(2048, 65537n, 2)],
  ['an RSA exponent of more than 32 bits', rsa(2048, 2n ** 32n + 1n)],
  ['an RSA exponent that is even or below 3', rsa(2048, 4n)],
  ['an RSA exponent that is even or below 3', rsa(2048, 1n)],
  ['an EC point that is not uncompressed', ec(Buffer.alloc(33, 2))],
  ['an EC point that is not on its curve', ec(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]))],
  [
    'an Ed25519 key of a wrong length',
    sequence(sequence(oid('1.3.101.112')), bitString(Buffer.alloc(31, 1))),
  ],
  ['a key of the type 1.3.101.113', sequence(sequence(oid('1.3.101.113')), bitString(Buffer.alloc(57, 1)))],
])('a key that is too weak: %s', async (weakness, spki) => {
  expect(await detailOf(peer({ spki }))).toBe(`${id}: ${THE_LEAF} has ${weakness}`)
})

test('a serial number is told whole, but for the zero that keeps it positive', async () => {
  const told = (serial: Uint8Array) => detailOf(peer({ serial, issuerName: '' }))
  expect(await told(Buffer.of(0x12, 0x00, 0xf0))).toContain('serial number 1200F0 has')
  expect(await told(Buffer.of(0x00, 0xf0))).toContain('serial number F0 has')
})

test('critical policies with a qualifier that is processed are good', () => {
  const statement = sequence(oid('1.3.6.1.5.5.7.2.1'), ia5String('https://acme.internal'))
  const value = sequence(sequence(oid('1.2'), sequence(statement)))
  expect(peer({ extensions: [{ oid: '2.5.29.32', critical: true, value }] })().id.uri).toBe(id)
})

test('a leaf without a subject and without Basic Constraints is good', () => {
  expect(peer({ subject: '', basicConstraints: false })().id.uri).toBe(id)
})

test('an SVID that has expired says since when', async () => {
  const notAfter = at('2026-02-01T00:00:00Z')
  const expired = leafOf({ notBefore: at('2026-01-01T00:00:00Z'), notAfter })
  const svid = X509SVID.parse(expired.pem, expired.keyPEM)
  expect(await detailOf(() => svid.getX509SVID())).toBe(`${id}: it expired at 2026-02-01T00:00:00.000Z`)
})

test.each<[cause: string, refused: () => unknown]>([
  ['it is no PRIVATE KEY', () => X509SVID.parseRaw(good.der, Buffer.of(0x30, 0x00))],
  [
    'it is no EC PRIVATE KEY',
    () => X509SVID.parse(good.pem, good.keyPEM.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')),
  ],
  [
    'it is no RSA PRIVATE KEY',
    () => X509SVID.parse(good.pem, good.keyPEM.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY')),
  ],
])('a key of another encoding than its label says: %s', async (cause, refused) => {
  const error = refusalOf(refused)
  expect(
    await detailOf(() => {
      throw error.cause
    }),
  ).toBe(cause)
})

test('what nothing caused has no cause', () => {
  expect(refusalOf(() => X509SVID.parseRaw(good.der, Buffer.of(1)))).toHaveProperty('cause')
  expect(refusalOf(() => X509SVID.parse(good.pem, ''))).not.toHaveProperty('cause')
  expect(refusalOf(() => X509SVID.parseRaw(Buffer.of(1), good.keyDER))).toHaveProperty('cause')
})
