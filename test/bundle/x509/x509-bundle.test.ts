import { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { X509Bundle } from '../../../src/bundle/index.ts'
import { x509AuthoritiesOf } from '../../../src/bundle/x509/x509-bundle.ts'
import { TrustDomain } from '../../../src/spiffeid/index.ts'
import { codesOf, refusalOf } from '../refusal.ts'
import { authorities, concatenated, leaf, otherAuthority, unnameableAuthority } from './certificates.ts'

const ACME = TrustDomain.parse('acme.internal')
const { ec, rsa, ed25519 } = authorities
const EVERY = [ec, rsa, ed25519]
const PEM = EVERY.map(String).join('')

const subjects = (bundle: X509Bundle): readonly string[] =>
  bundle.x509Authorities.map(({ subject }) => subject)
const bundleOf = (...of: readonly X509Certificate[]): X509Bundle => X509Bundle.fromX509Authorities(ACME, of)

describe('X509Bundle.parse', () => {
  test('reads each certificate of a PEM text, in its order', () => {
    const bundle = X509Bundle.parse('acme.internal', PEM)
    expect(subjects(bundle)).toEqual(['CN=ec', 'CN=rsa', 'CN=ed25519'])
    expect(bundle.trustDomain.equals(ACME)).toBe(true)
    expect(bundle.isEmpty).toBe(false)
    expect(x509AuthoritiesOf(bundle).map(({ raw }) => Buffer.from(raw))).toEqual(EVERY.map(({ raw }) => raw))
  })

  test('passes over text, other blocks and the line ends of other systems', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
    const pem = `0 s:CN=ec\n${ec}\nsome text: CN=x\n${key}${rsa}`.replace(/\n/g, '\r\n')
    expect(X509Bundle.parse(ACME, pem).equals(bundleOf(ec, rsa))).toBe(true)
  })

  test('misses no certificate for a byte order mark or the label of old', () => {
    const pem = `\ufeff${ec}${String(rsa).replaceAll('CERTIFICATE', 'X509 CERTIFICATE')}`
    expect(X509Bundle.parse(ACME, pem).equals(bundleOf(ec, rsa))).toBe(true)
  })

  test.each(['', '\n', ' \r\n'])('takes %j for a bundle that trusts nothing', (pem) => {
    const bundle = X509Bundle.parse(ACME, pem)
    expect(bundle.isEmpty).toBe(true)
    expect(bundle.x509Authorities).toEqual([])
    expect(bundle.getX509Bundle(ACME)).toBe(bundle)
  })

  test.each([
    ['text without a block', 'certificates'],
    ['the path of a file', '/etc/acme/bundle.pem'],
    ['a key alone', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
    ['a block that is no DER', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['a block that is no base64', String(ec).replace(/\nMII/, '\n*II')],
    ['a block that does not end', String(ec).replace('-----END CERTIFICATE-----', '')],
    ['a good certificate and one after a blank', `${ec} ${rsa}`],
    [
      'a good certificate and a block of OpenSSL alone',
      `${ec}${String(rsa).replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')}`,
    ],
    ['a good certificate and a broken one', `${ec}${String(rsa).replace('MII', 'MIJ')}`],
    ['two certificates in one block', toPEM(concatenated(ec, rsa))],
    ['bytes after the certificate in a block', toPEM(Buffer.concat([ec.raw, Uint8Array.of(0)]))],
  ])('refuses %s', (_, pem) => {
    expect(X509Bundle.parse(ACME, String(ec)).isEmpty).toBe(false)
    expect(refusalOf(() => X509Bundle.parse(ACME, pem))).toMatchObject({
      code: 'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
      spiffeID: 'spiffe://acme.internal',
    })
  })

  test('keeps the cause of a refusal', () => {
    expect(codesOf(() => X509Bundle.parse(ACME, toPEM(Uint8Array.of(0x30, 0))))).toEqual([
      'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
      'ERR_SPIFFE_DER_MALFORMED',
    ])
  })
})

describe('X509Bundle.parseRaw', () => {
  test('reads certificates one after the other', () => {
    expect(subjects(X509Bundle.parseRaw(ACME, concatenated(...EVERY)))).toEqual([
      'CN=ec',
      'CN=rsa',
      'CN=ed25519',
    ])
  })

  test('reads bytes of another realm', () => {
    const foreign: unknown = runInNewContext('Uint8Array.from(octets)', { octets: [...ec.raw] })
    expect(foreign).not.toBeInstanceOf(Uint8Array)
    const bundle: unknown = Reflect.apply(X509Bundle.parseRaw, X509Bundle, [ACME, foreign])
    expect(bundle instanceof X509Bundle && bundle.has(ec)).toBe(true)
  })

  test('takes no bytes for a bundle that trusts nothing', () => {
    expect(X509Bundle.parseRaw(ACME, new Uint8Array()).isEmpty).toBe(true)
  })

  test('does not see what becomes of the bytes afterwards', () => {
    const der = Uint8Array.from(ec.raw)
    const bundle = X509Bundle.parseRaw(ACME, der)
    der.fill(0)
    expect(bundle.has(ec)).toBe(true)
    expect(subjects(bundle)).toEqual(['CN=ec'])
  })

  test.each([
    ['bytes that are no DER', Uint8Array.of(1, 2, 3)],
    ['a certificate cut short', ec.raw.subarray(0, -1)],
    ['zeros after the last certificate', Buffer.concat([ec.raw, new Uint8Array(4)])],
    ['PEM', Buffer.from(String(ec))],
    ['a good certificate and an empty SEQUENCE', Buffer.concat([ec.raw, Uint8Array.of(0x30, 0)])],
  ])('refuses %s', (_, der) => {
    expect(X509Bundle.parseRaw(ACME, ec.raw).isEmpty).toBe(false)
    expect(codesOf(() => X509Bundle.parseRaw(ACME, der))).toEqual([
      'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
      'ERR_SPIFFE_DER_MALFORMED',
    ])
  })
})

describe('X509Bundle.fromX509Authorities', () => {
  test('takes certificates of node:crypto, DER and PEM', () => {
    const bundle = X509Bundle.fromX509Authorities('acme.internal', [
      ec,
      Uint8Array.from(rsa.raw),
      String(ed25519),
    ])
    expect(bundle.equals(X509Bundle.parse(ACME, PEM))).toBe(true)
    expect(X509Bundle.fromX509Authorities(ACME, []).isEmpty).toBe(true)
  })

  test.each<[string, Uint8Array | string]>([
    ['DER of two', concatenated(ec, rsa)],
    ['PEM of two', `${ec}${rsa}`],
    ['no bytes', new Uint8Array()],
    ['no text', ''],
  ])('refuses %s, for an authority is one certificate', (_, authority) => {
    expect(X509Bundle.fromX509Authorities(ACME, [ec.raw, String(ec)]).isEmpty).toBe(false)
    expect(codesOf(() => X509Bundle.fromX509Authorities(ACME, [authority]))).toEqual([
      'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
    ])
  })

  test('keeps what its trust domain published, be it no CA or of a type that is not verified with', () => {
    const bundle = bundleOf(leaf, unnameableAuthority)
    expect(subjects(bundle)).toEqual(['CN=leaf', 'CN=p224'])
  })

  test('keeps a certificate that is given twice once', () => {
    expect(bundleOf(ec, rsa, ec).rawX509Authorities).toHaveLength(2)
    expect(X509Bundle.parse(ACME, `${ec}${ec}`).rawX509Authorities).toHaveLength(1)
  })
})

test('arguments of a wrong type are refused', () => {
  const bundle = bundleOf(ec)
  for (const wrong of [undefined, null, 1, {}, [], ec]) {
    expect(() => Reflect.apply(X509Bundle.parse, X509Bundle, [ACME, wrong])).toThrow(
      new TypeError('PEM is a string; parseRaw reads DER'),
    )
    expect(() => Reflect.apply(X509Bundle.parseRaw, X509Bundle, [ACME, wrong])).toThrow(
      new TypeError('DER is a Uint8Array; parse reads PEM'),
    )
  }
  expect(() => Reflect.apply(X509Bundle.parse, X509Bundle, [undefined, PEM])).toThrow(TypeError)
  expect(() => Reflect.apply(bundle.has, bundle, [1])).toThrow(TypeError)
})

describe('an X.509 bundle', () => {
  const bundle = bundleOf(ec, rsa)

  test('changes into another bundle', () => {
    const more = bundle.withX509Authority(otherAuthority)
    expect(subjects(more)).toEqual(['CN=ec', 'CN=rsa', 'CN=other'])
    expect(bundle.withX509Authority(String(ec)).equals(bundle)).toBe(true)
    const less = bundle.withoutX509Authority(ec.raw)
    expect(subjects(less)).toEqual(['CN=rsa'])
    expect(bundle.withoutX509Authority(otherAuthority).equals(bundle)).toBe(true)
    expect(subjects(bundle)).toEqual(['CN=ec', 'CN=rsa'])
    expect([bundle, more, less].map((one) => one.has(ec))).toEqual([true, true, false])
    expect(bundle.has(otherAuthority)).toBe(false)
  })

  test('cannot be changed through what it gives out', () => {
    for (const given of bundle.rawX509Authorities) given.fill(0)
    bundle.marshalRaw().fill(0)
    expect(Object.isFrozen(bundle.x509Authorities)).toBe(true)
    expect(Object.isFrozen(x509AuthoritiesOf(bundle))).toBe(true)
    expect(Object.isFrozen(bundle)).toBe(true)
    expect(bundle.equals(bundleOf(ec, rsa))).toBe(true)
  })

  test('makes its certificates once', () => {
    expect(bundle.x509Authorities).toBe(bundle.x509Authorities)
    expect(bundle.x509Authorities[0]).toBeInstanceOf(X509Certificate)
  })

  test('says so when OpenSSL cannot read what an authority says', () => {
    const misnamed = Buffer.from(ec.raw)
    const UTF8_STRING_EC = Buffer.of(0x0c, 2, 0x65, 0x63)
    misnamed[misnamed.indexOf(UTF8_STRING_EC)] = 0x01
    const unreadable = X509Bundle.parseRaw(ACME, misnamed)
    expect(codesOf(() => unreadable.x509Authorities)[0]).toBe('ERR_SPIFFE_X509_BUNDLE_MALFORMED')
    expect(bundle.x509Authorities).toHaveLength(2)
  })

  test('equals one with the same certificates in whatever order', () => {
    expect(bundle.equals(bundleOf(rsa, ec))).toBe(true)
    expect(bundle.equals(bundleOf(ec))).toBe(false)
    expect(bundleOf(ec).equals(bundle)).toBe(false)
    expect(bundle.equals(bundleOf(ec, otherAuthority))).toBe(false)
    expect(bundle.equals(X509Bundle.fromX509Authorities('other.example', [ec, rsa]))).toBe(false)
  })

  test('is written as PEM and as DER, and read back byte for byte', () => {
    expect(bundle.marshal()).toBe(`${ec}${rsa}`)
    expect(X509Bundle.parse(ACME, bundle.marshal()).equals(bundle)).toBe(true)
    expect(Buffer.from(bundle.marshalRaw())).toEqual(concatenated(ec, rsa))
    expect(X509Bundle.parseRaw(ACME, bundle.marshalRaw()).equals(bundle)).toBe(true)
    expect(bundleOf().marshal()).toBe('')
    expect(bundleOf().marshalRaw()).toHaveLength(0)
  })

  test('is the source of its own trust domain alone', () => {
    expect(bundle.getX509Bundle(TrustDomain.parse('acme.internal'))).toBe(bundle)
    expect(bundle.getX509Bundle(TrustDomain.parse('other.example'))).toBeUndefined()
    expect([...bundle.getX509Bundles()]).toEqual([bundle])
    expect(bundle.onChange(() => expect.unreachable())()).toBeUndefined()
  })

  test('shows trust domain and size when it is inspected', () => {
    expect(inspect(bundle)).toBe('X509Bundle(acme.internal, 2 authorities)')
  })
})

function toPEM(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`
}
