import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SpiffeErrorCode } from '../../../src/errors.ts'
import { X509SVID, x509svid } from '../../../src/svid/index.ts'
import { nullValue } from '../../support/der-writer.ts'
import {
  concatenated,
  keyNamed,
  type Minted,
  type MintOptions,
  mint,
  mintCA,
  mintLeaf,
} from '../../support/mint.ts'
import { refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const ROOT = mintCA({ subject: 'CN=root' })
const INTERMEDIATE = mintCA({ subject: 'CN=intermediate', issuer: ROOT })
const LEAF = mintLeaf(ID, INTERMEDIATE)
const PEM = LEAF.pem + INTERMEDIATE.pem

const any = (value: unknown): never => value as never

const raw = (leaf: Minted, ...intermediates: readonly Minted[]): X509SVID =>
  X509SVID.parseRaw(concatenated(leaf, ...intermediates), leaf.keyDER)

const verdictFor = (options: MintOptions): string =>
  verdictOf(() => raw(mint({ uris: [ID], issuer: INTERMEDIATE, ...options }), INTERMEDIATE))

afterEach(() => {
  vi.useRealTimers()
})

describe('X509SVID.parseRaw', () => {
  it('gives the SVID with everything that it is made of', () => {
    const svid = X509SVID.parseRaw(concatenated(LEAF, INTERMEDIATE), LEAF.keyDER, { hint: 'internal' })
    expect(svid.id.toString()).toBe(ID)
    expect(svid.hint).toBe('internal')
    expect(svid.notBefore).toEqual(new Date(LEAF.certificate.validFrom))
    expect(svid.expiresAt).toEqual(new Date(LEAF.certificate.validTo))
    expect(svid.privateKey.equals(LEAF.key)).toBe(true)
    expect(svid.rawCertificates.map((der) => Buffer.from(der))).toEqual([LEAF.der, INTERMEDIATE.der])
    expect(svid.certificates.map(({ fingerprint256 }) => fingerprint256)).toEqual([
      LEAF.certificate.fingerprint256,
      INTERMEDIATE.certificate.fingerprint256,
    ])
    expect(svid.certificates).toBe(svid.certificates)
    expect(raw(LEAF).hint).toBeUndefined()
  })

  it('gives an SVID that verifies', () => {
    expect(x509svid.parseRaw).toBe(X509SVID.parseRaw)
    expect(x509svid.parse).toBe(X509SVID.parse)
    expect(x509svid.parseRaw(LEAF.der, LEAF.keyDER).id.toString()).toBe(ID)
  })

  it.each<[string, MintOptions]>([
    ['with what SPIRE puts into one', {}],
    ['without Basic Constraints', { basicConstraints: false }],
    ['without Extended Key Usage', { eku: false }],
    [
      'with a critical Extended Key Usage and more purposes',
      { eku: ['serverAuth', 'clientAuth', 'codeSigning'], ekuCritical: true },
    ],
    ['with more usages of its key', { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] }],
    ['without a subject', { subject: '' }],
    ['with names of other forms', { dns: ['orders.acme.internal'], ips: ['10.0.0.1'] }],
    [
      'that expired',
      { notAfter: new Date('2021-01-01T00:00:00Z'), notBefore: new Date('2020-01-01T00:00:00Z') },
    ],
    [
      'that is not valid yet',
      { notBefore: new Date('2090-01-01T00:00:00Z'), notAfter: new Date('2091-01-01T00:00:00Z') },
    ],
    ['with an RSA key', { key: 'rsa2048' }],
    ['with a P-384 key', { key: 'p384' }],
    ['with a P-521 key', { key: 'p521' }],
    ['with an Ed25519 key', { key: 'ed25519' }],
  ])('takes a leaf %s', (_, options) => {
    expect(verdictFor(options)).toBe('accepted')
  })

  it.each<[string, MintOptions, SpiffeErrorCode]>([
    ['is a CA', { basicConstraints: { cA: true } }, 'ERR_SPIFFE_X509_SVID_LEAF_IS_CA'],
    [
      'may sign certificates',
      { keyUsage: ['digitalSignature', 'keyCertSign'] },
      'ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN',
    ],
    [
      'may sign revocation lists',
      { keyUsage: ['digitalSignature', 'cRLSign'] },
      'ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN',
    ],
    [
      'has an ID without a path',
      { uris: ['spiffe://acme.internal'] },
      'ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH',
    ],
    ['has no URI', { uris: [] }, 'ERR_SPIFFE_X509_SVID_NO_URI_SAN'],
    ['has two URIs', { uris: [ID, 'https://acme.internal'] }, 'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'],
    ['has a URI that is no ID', { uris: ['https://acme.internal'] }, 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    ['has no Key Usage', { keyUsage: false }, 'ERR_SPIFFE_X509_SVID_KEY_USAGE'],
    ['has a Key Usage that is not critical', { keyUsageCritical: false }, 'ERR_SPIFFE_X509_SVID_KEY_USAGE'],
    [
      'has a Key Usage without digitalSignature',
      { keyUsage: ['keyAgreement'] },
      'ERR_SPIFFE_X509_SVID_KEY_USAGE',
    ],
    ['may be a client alone', { eku: ['clientAuth'] }, 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'],
    ['may be a server alone', { eku: ['serverAuth'] }, 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'],
    ['may be anything but says not what', { eku: ['any'] }, 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'],
    [
      'has no subject and no critical name',
      { subject: '', sanCritical: false },
      'ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL',
    ],
    [
      'insists on an extension that nobody knows',
      { extensions: [{ oid: '1.2.3', critical: true, value: nullValue() }] },
      'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
    ],
    ['has a weak key', { key: 'rsa1024' }, 'ERR_SPIFFE_X509_SVID_WEAK_KEY'],
    [
      'has an extension that cannot be read',
      { extensions: [{ oid: '2.5.29.30', value: nullValue() }] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
  ])('refuses a leaf that %s', (_, options, code) => {
    expect(verdictFor({})).toBe('accepted')
    expect(verdictFor(options)).toBe(code)
  })

  it.each<[string, MintOptions, string]>([
    ['is a CA', {}, 'accepted'],
    ['has a Key Usage that is not critical', { keyUsageCritical: false }, 'accepted'],
    ['is no CA', { basicConstraints: { cA: false } }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['has no Basic Constraints', { basicConstraints: false }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['has no Key Usage', { keyUsage: false }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['has no keyCertSign', { keyUsage: ['cRLSign'] }, 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    [
      'has an extension that cannot be read',
      { extensions: [{ oid: '2.5.29.30', value: nullValue() }] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
  ])('looks at what stands after the leaf: one that %s', (_, options, expected) => {
    const second = mintCA({ subject: 'CN=second', issuer: ROOT, ...options })
    expect(verdictOf(() => raw(LEAF, INTERMEDIATE, second))).toBe(expected)
  })

  it('takes 16 certificates and no more', () => {
    expect(verdictOf(() => raw(LEAF, ...Array<Minted>(15).fill(INTERMEDIATE)))).toBe('accepted')
    expect(verdictOf(() => raw(LEAF, ...Array<Minted>(16).fill(INTERMEDIATE)))).toBe(
      'ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG',
    )
  })

  it.each<[string, Uint8Array, SpiffeErrorCode]>([
    ['no bytes', new Uint8Array(), 'ERR_SPIFFE_X509_SVID_NO_CERTIFICATE'],
    ['padding', Buffer.concat([LEAF.der, Buffer.alloc(1)]), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['a certificate that is cut off', LEAF.der.subarray(0, -1), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['PEM', Buffer.from(LEAF.pem), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
  ])('refuses %s', (_, certificates, code) => {
    expect(verdictOf(() => X509SVID.parseRaw(LEAF.der, LEAF.keyDER))).toBe('accepted')
    expect(verdictOf(() => X509SVID.parseRaw(certificates, LEAF.keyDER))).toBe(code)
  })

  it.each<[string, Uint8Array, SpiffeErrorCode]>([
    ['of another certificate', INTERMEDIATE.keyDER, 'ERR_SPIFFE_X509_SVID_KEY_MISMATCH'],
    [
      'of another type',
      keyNamed('rsa2048').privateKey.export({ format: 'der', type: 'pkcs8' }),
      'ERR_SPIFFE_X509_SVID_KEY_MISMATCH',
    ],
    [
      'that cannot sign',
      generateKeyPairSync('x25519').privateKey.export({ format: 'der', type: 'pkcs8' }),
      'ERR_SPIFFE_X509_SVID_KEY_MISMATCH',
    ],
    [
      'with bytes after it',
      Buffer.concat([LEAF.keyDER, Buffer.alloc(1)]),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    ['that is cut off', LEAF.keyDER.subarray(0, -1), 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    ['that is none', LEAF.der, 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    [
      'that is a public one',
      keyNamed('p256').publicKey.export({ format: 'der', type: 'spki' }),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    [
      'in SEC1',
      createPrivateKey(LEAF.keyPEM).export({ format: 'der', type: 'sec1' }),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    ['of no bytes', new Uint8Array(), 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
  ])('refuses a key %s', (_, key, code) => {
    expect(verdictOf(() => X509SVID.parseRaw(LEAF.der, LEAF.keyDER))).toBe('accepted')
    expect(verdictOf(() => X509SVID.parseRaw(LEAF.der, key))).toBe(code)
  })

  it('is not deceived by a key that claims the public half of another', () => {
    const own = keyNamed('p256/own').privateKey.export({ format: 'jwk' })
    const other = LEAF.key.export({ format: 'jwk' })
    const chimera = createPrivateKey({ key: { ...other, d: own.d ?? '' }, format: 'jwk' })
    const der = chimera.export({ format: 'der', type: 'pkcs8' })
    expect(verdictOf(() => X509SVID.parseRaw(LEAF.der, der))).toBe('ERR_SPIFFE_X509_SVID_KEY_MISMATCH')
  })

  it.each<[string, () => unknown]>([
    ['PEM for DER', () => X509SVID.parseRaw(any(LEAF.pem), LEAF.keyDER)],
    ['PEM for the key', () => X509SVID.parseRaw(LEAF.der, any(LEAF.keyPEM))],
    ['a hint that is no string', () => X509SVID.parseRaw(LEAF.der, LEAF.keyDER, { hint: any(1) })],
    ['DER for PEM', () => X509SVID.parse(any(LEAF.der), LEAF.keyPEM)],
    ['DER for the key in PEM', () => X509SVID.parse(LEAF.pem, any(LEAF.keyDER))],
    ['options that are none', () => X509SVID.parse(LEAF.pem, LEAF.keyPEM, any(null))],
  ])('throws a TypeError for %s', (_, action) => {
    expect(action).toThrow(TypeError)
  })
})

describe('X509SVID.parse', () => {
  const sec1 = (key: Minted): string => key.key.export({ format: 'pem', type: 'sec1' }).toString()
  const rsa = mintLeaf(ID, INTERMEDIATE, { key: 'rsa2048' })
  const pkcs1 = rsa.key.export({ format: 'pem', type: 'pkcs1' }).toString()

  it.each([
    ['PKCS#8', PEM, LEAF.keyPEM],
    ['an EC PRIVATE KEY', PEM, sec1(LEAF)],
    [
      'an EC PRIVATE KEY after its parameters',
      PEM,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1(LEAF)}`,
    ],
    ['an RSA PRIVATE KEY', rsa.pem, pkcs1],
    ['a byte order mark before', `\ufeff${PEM}`, `\ufeff${LEAF.keyPEM}`],
    ['the label of old', PEM.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'), LEAF.keyPEM],
    ['everything in one text', LEAF.keyPEM + PEM, LEAF.keyPEM + PEM],
    [
      'CRLF and text around the blocks',
      `subject=x\r\n${PEM.replaceAll('\n', '\r\n')}`,
      `# key\r\n${LEAF.keyPEM.replaceAll('\n', '\r\n')}`,
    ],
  ])('reads %s', (_, certificates, key) => {
    const svid = X509SVID.parse(certificates, key, { hint: 'x' })
    expect(svid).toMatchObject({ hint: 'x' })
    expect(svid.rawCertificates).toHaveLength(certificates.match(/BEGIN (X509 )?CERTIFICATE/g)?.length ?? 0)
  })

  it.each<[string, string, string, SpiffeErrorCode]>([
    ['no certificate', LEAF.keyPEM, LEAF.keyPEM, 'ERR_SPIFFE_X509_SVID_NO_CERTIFICATE'],
    ['a certificate that is no base64', PEM.replace('M', '*'), LEAF.keyPEM, 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    [
      'a leaf in a block of OpenSSL alone',
      `${LEAF.pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')}${PEM}`,
      LEAF.keyPEM,
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
    ['a leaf after a blank', ` ${PEM}`, LEAF.keyPEM, 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['a key after a blank', PEM, ` ${LEAF.keyPEM}`, 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    ['no key', PEM, PEM, 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    ['two keys', PEM, LEAF.keyPEM + LEAF.keyPEM, 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    [
      'a key under the label of another encoding',
      PEM,
      LEAF.keyPEM.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY'),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    [
      'PKCS#8 as an EC PRIVATE KEY',
      PEM,
      LEAF.keyPEM.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY'),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    [
      'PKCS#8 as an RSA PRIVATE KEY',
      rsa.pem,
      rsa.keyPEM.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY'),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    [
      'SEC 1 as a PRIVATE KEY',
      PEM,
      sec1(LEAF).replaceAll('EC PRIVATE KEY', 'PRIVATE KEY'),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    [
      'a key that is no base64',
      PEM,
      LEAF.keyPEM.replace('\nM', '\n*'),
      'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE',
    ],
    ['a key with a passphrase', PEM, encrypted(LEAF), 'ERR_SPIFFE_X509_SVID_KEY_UNREADABLE'],
    ['the key of another', PEM, INTERMEDIATE.keyPEM, 'ERR_SPIFFE_X509_SVID_KEY_MISMATCH'],
  ])('refuses %s', (_, certificates, key, code) => {
    expect(verdictOf(() => X509SVID.parse(PEM, LEAF.keyPEM))).toBe('accepted')
    expect(verdictOf(() => X509SVID.parse(certificates, key))).toBe(code)
  })

  it('shows nothing of a key in its refusals', () => {
    const secret = LEAF.keyPEM.split('\n')[1] ?? ''
    const errors = [
      LEAF.keyPEM.replace('\nM', '\n*'),
      LEAF.keyPEM + LEAF.keyPEM,
      LEAF.keyPEM.replaceAll(' PRIVATE', ' RSA PRIVATE'),
    ].map((key) => refusalOf(() => X509SVID.parse(PEM, key)))
    for (const error of errors) {
      expect(error.spiffeID).toBe(ID)
      expect(inspect(error, { depth: 9 })).not.toContain(secret.slice(8, 40))
    }
  })
})

describe('an X509SVID', () => {
  const svid = raw(LEAF, INTERMEDIATE)

  it('is written back as it was read, in both forms', () => {
    expect(svid.marshal()).toEqual({ certificates: PEM, privateKey: LEAF.keyPEM })
    const { certificates, privateKey } = svid.marshalRaw()
    expect(Buffer.from(certificates)).toEqual(concatenated(LEAF, INTERMEDIATE))
    expect(Buffer.from(privateKey)).toEqual(LEAF.keyDER)
    expect(X509SVID.parseRaw(certificates, privateKey).marshal()).toEqual(svid.marshal())
    expect(X509SVID.parse(PEM, LEAF.keyPEM).marshalRaw()).toEqual(svid.marshalRaw())
  })

  it('shows its ID and when it expires, and nothing that is secret', () => {
    const expiry = svid.expiresAt.toISOString()
    expect(`${svid}`).toBe(`X509SVID(${ID}, expires ${expiry})`)
    expect(inspect(svid)).toBe(`${svid}`)
    expect(inspect({ svid }, { depth: 9, showHidden: true })).toContain(`svid: ${svid}`)
    expect(JSON.parse(JSON.stringify({ svid }))).toEqual({ svid: { id: ID, expiresAt: expiry } })
    expect(Object.keys(svid)).toEqual(['id', 'hint'])
  })

  it('cannot be changed, nor can what it hands out change it', () => {
    expect(() => Object.assign(svid, { id: 'x' })).toThrow(TypeError)
    for (const der of svid.rawCertificates) der.fill(0)
    svid.marshalRaw().certificates.fill(0)
    svid.expiresAt.setTime(0)
    expect(() => (svid.certificates as unknown[]).pop()).toThrow(TypeError)
    expect(svid.marshal().certificates).toBe(PEM)
    expect(svid.expiresAt.getTime()).not.toBe(0)
  })

  it('keeps its own copy of the bytes it was read from', () => {
    const bytes = Uint8Array.from(concatenated(LEAF, INTERMEDIATE))
    const copied = X509SVID.parseRaw(bytes, LEAF.keyDER)
    bytes.fill(0)
    expect(copied.marshal().certificates).toBe(PEM)
  })

  it('is a source of itself until it expires', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: svid.expiresAt })
    expect(svid.getX509SVID()).toBe(svid)
    svid.onChange(() => expect.unreachable())()
    vi.setSystemTime(+svid.expiresAt + 1)
    const error = refusalOf(() => svid.getX509SVID())
    expect(error).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_EXPIRED', spiffeID: ID })
  })
})

function encrypted({ key }: Minted): string {
  return key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
}
