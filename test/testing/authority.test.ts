import { X509Certificate } from 'node:crypto'
import { decodeProtectedHeader } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { SpiffeIDError } from '../../src/spiffeid/error.ts'
import { parseAndValidate } from '../../src/svid/jwt/parse-and-validate.ts'
import { verify } from '../../src/svid/x509/verify.ts'
import { Authority, type KeyType, ManualClock, TestingError } from '../../src/testing/index.ts'

const now = new Date('2030-01-01T00:00:00Z')
const seconds = (count: number): Date => new Date(now.getTime() + count * 1000)
const orders = 'spiffe://acme.internal/orders'

let clock: ManualClock
let authority: Authority

beforeEach(async () => {
  clock = new ManualClock(now)
  authority = await Authority.create({ trustDomain: 'acme.internal', clock })
})

const certificateOf = (der: Uint8Array | undefined): X509Certificate =>
  new X509Certificate(der ?? Buffer.alloc(0))

describe('an X509-SVID', () => {
  test('verifies against the bundle of its authority, and against no other', async () => {
    const svid = await authority.issueX509SVID(orders)
    const peer = verify(svid.rawCertificates, authority.x509Bundle, { now })
    expect(peer.id.toString()).toBe(orders)

    const other = await Authority.create({ trustDomain: 'acme.internal', clock })
    expect(() => verify(svid.rawCertificates, other.x509Bundle, { now })).toThrow()
  })

  test('has the leaf profile, and its authority that of a CA', async () => {
    const svid = await authority.issueX509SVID(orders, { dnsNames: ['orders.acme.internal', 'orders'] })
    const leaf = certificateOf(svid.rawCertificates[0])
    expect(leaf.ca).toBe(false)
    expect(leaf.subject).toBe('C=US\nO=SPIRE\nCN=orders.acme.internal')
    expect(leaf.subjectAltName).toBe(`DNS:orders.acme.internal, DNS:orders, URI:${orders}`)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect(keyUsageOf(leaf)).toEqual(['digitalSignature', 'keyEncipherment', 'keyAgreement'])

    const [ca] = authority.x509Bundle.x509Authorities
    expect(ca?.ca).toBe(true)
    expect(ca?.subjectAltName).toBe('URI:spiffe://acme.internal')
    expect(ca && keyUsageOf(ca)).toEqual(['keyCertSign', 'cRLSign'])
  })

  test('has no common name where it has no DNS name', async () => {
    const svid = await authority.issueX509SVID(orders)
    expect(certificateOf(svid.rawCertificates[0]).subject).toBe('C=US\nO=SPIRE')
  })

  test('is valid from ten seconds ago for an hour, and for as long as it is told', async () => {
    const svid = await authority.issueX509SVID(orders)
    expect([svid.notBefore, svid.expiresAt]).toEqual([seconds(-10), seconds(3600)])
    expect((await authority.issueX509SVID(orders, { ttlSeconds: 60 })).expiresAt).toEqual(seconds(60))
    const past = await authority.issueX509SVID(orders, { notBefore: seconds(-600), ttlSeconds: 60 })
    expect([past.notBefore, past.expiresAt]).toEqual([seconds(-600), seconds(-540)])
  })

  test('never outlives the CA that signed it', async () => {
    const svid = await authority.issueX509SVID(orders, { ttlSeconds: 10 ** 7 })
    expect(svid.expiresAt).toEqual(seconds(86_400))
  })

  test('has a key and a serial number of its own each time', async () => {
    const [one, two] = await Promise.all([authority.issueX509SVID(orders), authority.issueX509SVID(orders)])
    expect(one.privateKey.equals(two.privateKey)).toBe(false)
    expect(certificateOf(one.rawCertificates[0]).serialNumber).not.toBe(
      certificateOf(two.rawCertificates[0]).serialNumber,
    )
  })

  test('carries its intermediates, the issuer of the leaf first', async () => {
    const deep = await Authority.create({ trustDomain: 'acme.internal', clock, intermediates: 2 })
    const svid = await deep.issueX509SVID(orders)
    expect(svid.rawCertificates).toHaveLength(3)
    expect(verify(svid.rawCertificates, deep.x509Bundle, { now }).chain).toHaveLength(4)

    const withoutOne = [svid.rawCertificates[0], svid.rawCertificates[2]].filter((der) => der !== undefined)
    expect(() => verify(withoutOne, deep.x509Bundle, { now })).toThrow()
  })

  test.each<[KeyType, string, Record<string, unknown>]>([
    ['ec-p256', 'ec', { namedCurve: 'prime256v1' }],
    ['ec-p384', 'ec', { namedCurve: 'secp384r1' }],
    ['rsa-2048', 'rsa', { modulusLength: 2048, publicExponent: 65537n }],
  ])('of %s verifies and has such a key', async (keyType, asymmetricKeyType, details) => {
    const strong = await Authority.create({ trustDomain: 'acme.internal', clock, keyType, intermediates: 1 })
    const svid = await strong.issueX509SVID(orders)
    expect(svid.privateKey.asymmetricKeyType).toBe(asymmetricKeyType)
    expect(svid.privateKey.asymmetricKeyDetails).toMatchObject(details)
    expect(verify(svid.rawCertificates, strong.x509Bundle, { now }).id.toString()).toBe(orders)
  })

  test('can have another kind of key than its authority', async () => {
    const svid = await authority.issueX509SVID(orders, { keyType: 'ec-p384' })
    expect(svid.privateKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1')
  })

  test('carries its hint', async () => {
    expect((await authority.issueX509SVID(orders, { hint: 'internal' })).hint).toBe('internal')
    expect((await authority.issueX509SVID(orders)).hint).toBeUndefined()
  })

  test('of another trust domain is issued to impersonate only', async () => {
    const foreign = 'spiffe://other.example/orders'
    await expect(authority.issueX509SVID(foreign)).rejects.toThrow(TypeError)
    const forged = await authority.issueX509SVID(foreign, { impersonate: true })
    expect(forged.id.toString()).toBe(foreign)
  })

  test.each([
    ['a lifetime of nothing', { ttlSeconds: 0 }],
    ['a lifetime without an end', { ttlSeconds: Number.POSITIVE_INFINITY }],
    ['an invalid time', { notBefore: new Date(Number.NaN) }],
    ['a DNS name with a blank', { dnsNames: ['a b'] }],
    ['an empty DNS name', { dnsNames: [''] }],
  ])('is not issued with %s', async (_, options) => {
    await expect(authority.issueX509SVID(orders, options)).rejects.toThrow(TypeError)
  })

  test('is not issued for what is no SPIFFE ID', async () => {
    await expect(authority.issueX509SVID('spiffe://acme.internal/')).rejects.toThrow(SpiffeIDError)
  })
})

describe('a JWT-SVID', () => {
  test('is valid for its audience, and for no other', async () => {
    const token = (await authority.issueJWTSVID(orders, { audience: 'billing' })).marshal()
    const svid = await parseAndValidate(token, authority.jwtBundle, 'billing', { now })
    expect(svid.id.toString()).toBe(orders)
    await expect(parseAndValidate(token, authority.jwtBundle, 'payroll', { now })).rejects.toThrow()
  })

  test('is not valid against another authority of the same name', async () => {
    const token = (await authority.issueJWTSVID(orders, { audience: 'billing' })).marshal()
    const other = await Authority.create({ trustDomain: 'acme.internal', clock })
    await expect(parseAndValidate(token, other.jwtBundle, 'billing', { now })).rejects.toThrow()
  })

  test('has the header and the claims that SPIRE gives it, and no others', async () => {
    const svid = await authority.issueJWTSVID(orders, { audience: 'billing' })
    expect(Object.keys(decodeProtectedHeader(svid.marshal())).sort()).toEqual(['alg', 'kid', 'typ'])
    expect(svid.header).toMatchObject({ alg: 'ES256', typ: 'JWT' })
    const iat = now.getTime() / 1000
    expect(svid.claims).toEqual({ sub: orders, aud: ['billing'], iat, exp: iat + 300 })
  })

  test.each<[KeyType, string]>([
    ['ec-p256', 'ES256'],
    ['ec-p384', 'ES384'],
    ['rsa-2048', 'RS256'],
  ])('of a %s key is signed with %s', async (jwtKeyType, alg) => {
    const strong = await Authority.create({ trustDomain: 'acme.internal', clock, jwtKeyType })
    const svid = await strong.issueJWTSVID(orders, { audience: 'billing' })
    expect(svid.header.alg).toBe(alg)
    const valid = await parseAndValidate(svid.marshal(), strong.jwtBundle, 'billing', { now })
    expect(valid.id.toString()).toBe(orders)
  })

  test('carries further claims, which cannot replace its own', async () => {
    const claims = { tenant: 'blue', sub: 'spiffe://acme.internal/admin', aud: 'everybody', exp: 9e9, iat: 0 }
    const svid = await authority.issueJWTSVID(orders, { audience: 'billing', claims })
    expect(svid.claims['tenant']).toBe('blue')
    expect(svid.id.toString()).toBe(orders)
    expect(svid.audience).toEqual(['billing'])
    expect(svid.expiresAt).toEqual(seconds(300))
    expect(svid.issuedAt).toEqual(now)
  })

  test('can be one that has expired, which is refused', async () => {
    const expired = await authority.issueJWTSVID(orders, {
      audience: 'billing',
      issuedAt: seconds(-600),
      ttlSeconds: 60,
    })
    expect(expired.expiresAt).toEqual(seconds(-540))
    await expect(
      parseAndValidate(expired.marshal(), authority.jwtBundle, 'billing', { now }),
    ).rejects.toThrow()
  })

  test.each([
    ['no audience', { audience: [] }],
    ['an empty audience', { audience: '' }],
    ['an empty one among its audiences', { audience: ['billing', ''] }],
    ['a lifetime of nothing', { audience: 'billing', ttlSeconds: 0 }],
    ['an invalid time', { audience: 'billing', issuedAt: new Date(Number.NaN) }],
  ])('is not issued with %s', async (_, options) => {
    await expect(authority.issueJWTSVID(orders, options)).rejects.toThrow(TypeError)
  })

  test('of another trust domain is issued to impersonate only', async () => {
    const foreign = 'spiffe://other.example/orders'
    await expect(authority.issueJWTSVID(foreign, { audience: 'billing' })).rejects.toThrow(TypeError)
    const forged = await authority.issueJWTSVID(foreign, { audience: 'billing', impersonate: true })
    expect(forged.id.toString()).toBe(foreign)
  })
})

describe('rotating what X509-SVIDs are signed with', () => {
  test('publishes the next authority before it signs', async () => {
    const before = await authority.issueX509SVID(orders)
    await authority.x509.prepare()
    expect(authority.x509Bundle.x509Authorities).toHaveLength(2)
    const meanwhile = await authority.issueX509SVID(orders)
    const oldOnly = before.rawCertificates
    expect(certificateOf(meanwhile.rawCertificates[0]).issuer).toBe(certificateOf(oldOnly[0]).issuer)
  })

  test('trusts old and new side by side until the old one is revoked', async () => {
    const before = await authority.issueX509SVID(orders)
    await authority.x509.prepare()
    await authority.x509.activate()
    await authority.x509.taint()
    const after = await authority.issueX509SVID(orders)
    const overlapping = authority.x509Bundle
    expect(verify(before.rawCertificates, overlapping, { now }).id.toString()).toBe(orders)
    expect(verify(after.rawCertificates, overlapping, { now }).id.toString()).toBe(orders)

    await authority.x509.revoke()
    expect(authority.x509Bundle.x509Authorities).toHaveLength(1)
    expect(verify(after.rawCertificates, authority.x509Bundle, { now }).id.toString()).toBe(orders)
    expect(() => verify(before.rawCertificates, authority.x509Bundle, { now })).toThrow()
  })

  test('in one go keeps the last authority and no older one', async () => {
    const first = await authority.issueX509SVID(orders)
    await authority.x509.rotate()
    const second = await authority.issueX509SVID(orders)
    expect(verify(first.rawCertificates, authority.x509Bundle, { now }).id.toString()).toBe(orders)
    await authority.x509.rotate()
    expect(verify(second.rawCertificates, authority.x509Bundle, { now }).id.toString()).toBe(orders)
    expect(() => verify(first.rawCertificates, authority.x509Bundle, { now })).toThrow()
    expect(authority.x509Bundle.x509Authorities).toHaveLength(2)
  })

  test('replaces what is prepared when it is prepared again', async () => {
    await authority.x509.prepare()
    const [, one] = authority.x509Bundle.rawX509Authorities
    await authority.x509.prepare()
    const [, two, ...more] = authority.x509Bundle.rawX509Authorities
    expect(more).toEqual([])
    expect(two).not.toEqual(one)
  })

  test.each(['activate', 'taint', 'revoke'] as const)('refuses to %s out of order', async (step) => {
    const refused = authority.x509[step]()
    await expect(refused).rejects.toThrow(TestingError)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_SPIFFE_TESTING_AUTHORITY_STEP' })
    // And goes on working.
    await authority.x509.rotate()
    expect(authority.x509Bundle.x509Authorities).toHaveLength(2)
  })

  test('refuses to revoke what was not tainted', async () => {
    await authority.x509.prepare()
    await authority.x509.activate()
    await expect(authority.x509.revoke()).rejects.toThrow(TestingError)
    expect(authority.x509Bundle.x509Authorities).toHaveLength(2)
  })

  test('takes rotations that are asked for at once one after the other', async () => {
    await Promise.all([authority.x509.rotate(), authority.x509.rotate(), authority.x509.rotate()])
    expect(authority.x509Bundle.x509Authorities).toHaveLength(2)
  })
})

describe('rotating what JWT-SVIDs are signed with', () => {
  test('trusts old and new side by side until the old one is revoked', async () => {
    const before = (await authority.issueJWTSVID(orders, { audience: 'billing' })).marshal()
    await authority.jwt.rotate()
    const after = (await authority.issueJWTSVID(orders, { audience: 'billing' })).marshal()
    for (const token of [before, after]) {
      const svid = await parseAndValidate(token, authority.jwtBundle, 'billing', { now })
      expect(svid.id.toString()).toBe(orders)
    }
    await authority.jwt.revoke()
    await expect(parseAndValidate(before, authority.jwtBundle, 'billing', { now })).rejects.toThrow()
    const svid = await parseAndValidate(after, authority.jwtBundle, 'billing', { now })
    expect(svid.id.toString()).toBe(orders)
  })

  test('leaves what X509-SVIDs are signed with alone', async () => {
    const before = authority.x509Bundle
    await authority.jwt.rotate()
    expect(authority.x509Bundle.equals(before)).toBe(true)
  })
})

describe('an authority', () => {
  test('gives the same bundle object until trust changes', async () => {
    const { x509Bundle, jwtBundle } = authority
    expect(authority.x509Bundle).toBe(x509Bundle)
    await authority.x509.prepare()
    const grown = authority.x509Bundle
    expect(grown).not.toBe(x509Bundle)
    await authority.x509.activate()
    await authority.x509.taint()
    expect(authority.x509Bundle).toBe(grown)
    expect(authority.jwtBundle).toBe(jwtBundle)
  })

  test.each([
    ['an unknown kind of key', { keyType: 'dsa' as KeyType }],
    ['an unknown kind of key for tokens', { jwtKeyType: 'constructor' as KeyType }],
    ['a broken count of intermediates', { intermediates: 0.5 }],
    ['more intermediates than a chain may have', { intermediates: 9 }],
    ['a lifetime below zero', { authorityTTLSeconds: -1 }],
  ])('is not made with %s', async (_, options) => {
    await expect(Authority.create({ trustDomain: 'acme.internal', ...options })).rejects.toThrow(TypeError)
  })

  test('is not made for what is no trust domain', async () => {
    await expect(Authority.create({ trustDomain: 'Acme' })).rejects.toThrow(SpiffeIDError)
  })
})

/** Key Usage, which node:crypto does not show: the bits of the extension, by name. */
function keyUsageOf(certificate: X509Certificate): string[] {
  const at = certificate.raw.indexOf(Buffer.from('0603551d0f', 'hex'))
  // OID, critical TRUE, OCTET STRING, BIT STRING, unused bits: then the bits themselves.
  expect(certificate.raw.subarray(at + 5, at + 8).toString('hex')).toBe('0101ff')
  const bits = certificate.raw[at + 13] ?? 0
  return KEY_USAGES.filter((_, position) => (bits & (0x80 >> position)) !== 0)
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
]
