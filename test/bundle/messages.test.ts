import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  BundleMap,
  JWTBundle,
  type SkippedElement,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
} from '../../src/bundle/index.ts'
import { detailOf } from '../support/detail-of.ts'
import { jwk, jwks, keys, modulus, otherKey, rsaJWK, rsaKey } from './jwt/keys.ts'
import { refusalOf } from './refusal.ts'
import {
  authorities,
  concatenated,
  keylessAuthority,
  leaf,
  unnameableAuthority,
} from './x509/certificates.ts'

const x5c = (certificate: { readonly raw: Uint8Array }): string =>
  Buffer.from(certificate.raw).toString('base64')
const ca = { kty: 'EC', use: 'x509-svid', x5c: [x5c(authorities.ec)] }
const forJWT = { use: 'jwt-svid' }
const rsa = keys.RSA.export({ format: 'jwk' })
const weakRSA = { ...rsaJWK(modulus(1024), Buffer.of(1, 0, 1)), kid: 'a' }
const exponentOne = { ...rsaJWK(modulus(2048), Buffer.of(1)), kid: 'a' }
const keyless = { kty: 'RSA', use: 'x509-svid', x5c: [x5c({ raw: keylessAuthority })] }
const nameless = { kty: 'EC', use: 'x509-svid', x5c: [x5c(unnameableAuthority)] }

/** The one element that is passed over. */
function onlyOf(skipped: readonly SkippedElement[]): SkippedElement {
  expect(skipped).toHaveLength(1)
  return skipped[0] as SkippedElement
}

/** What is said of an element, by which rule, and the code of what caused it. */
async function toldOf({ error }: SkippedElement): Promise<readonly unknown[]> {
  const detail = await detailOf(() => {
    throw error
  })
  const { cause } = error
  const told: unknown[] = [detail, error.rule]
  if (cause !== undefined) told.push(cause instanceof Error && 'code' in cause ? cause.code : cause)
  return told
}

test('what is told apart below are good keys', () => {
  expect(JWTBundle.parse('td', jwks(jwk(), { ...rsa, kid: 'b' })).skipped).toEqual([])
  expect(SpiffeBundle.parse('td', jwks(ca, jwk(keys.RSA, forJWT))).skipped).toEqual([])
})

const JWK_RULE = 'RFC 7517 §4'
const KTY_RULE = 'SPIFFE Trust Domain and Bundle §4.2.1'
const NUMBER_RULE = 'RFC 7518 §2'

test.each<[detail: string, rule: string, element: unknown, cause?: string]>([
  ['key 0 of the set is not an object', JWK_RULE, 7],
  ['key 0 of the set is private or symmetric', 'RFC 7517 §9.2', jwk(keys['P-256'], { kty: 'oct' })],
  ['key 0 of the set has no string for kty', KTY_RULE, jwk(keys['P-256'], { kty: 7 })],
  ['key 0 of the set is of type "OKP"', KTY_RULE, jwk(keys['P-256'], { kty: 'OKP' })],
  ['key 0 of the set has no kid', 'JWT-SVID §6.1', jwk(keys['P-256'], { kid: undefined })],
  ['key 0 of the set has no string for alg', 'RFC 7517 §4.4', jwk(keys['P-256'], { alg: 7 })],
  ['key 0 of the set has no string for crv', 'RFC 7518 §6.2.1.1', jwk(keys['P-256'], { crv: 7 })],
  ['key 0 of the set is of type "P-224"', KTY_RULE, jwk(keys['P-256'], { crv: 'P-224' })],
  ['key 0 of the set has no string for x', 'RFC 7518 §6.2.1.2', jwk(keys['P-256'], { x: 7 })],
  [
    'key 0 of the set does not write x with 32 octets',
    'RFC 7518 §6.2.1.2',
    jwk(keys['P-256'], { x: 'AQAB' }),
  ],
  [
    'key 0 of the set does not write y in base64url',
    NUMBER_RULE,
    jwk(keys['P-256'], { y: 'AQAB=' }),
    'ERR_SPIFFE_BASE64_MALFORMED',
  ],
  ['key 0 of the set has no string for n', 'RFC 7518 §6.3.1', { ...rsa, kid: 'a', n: 7 }],
  ['key 0 of the set has no string for e', 'RFC 7518 §6.3.1', { ...rsa, kid: 'a', e: 7 }],
  [
    'key 0 of the set does not write e with as few octets as it needs',
    NUMBER_RULE,
    { ...rsa, kid: 'a', e: 'AAEAAQ' },
  ],
  ['the RSA key "a" has 1024 bits', 'RFC 7518 §3.3', weakRSA],
  ['the exponent of the RSA key "a" is even, below 3 or of more than 64 bits', 'RFC 8017 §3.1', exponentOne],
  [
    'key 0 of the set is no key of its type',
    'RFC 7518 §6.2.1',
    jwk(keys['P-256'], { x: otherKey.export({ format: 'jwk' }).x }),
    'ERR_CRYPTO_INVALID_JWK',
  ],
])('a JWK Set: %s', async (detail, rule, element, cause) => {
  const { skipped } = JWTBundle.parse('td', jwks(element))
  const told = cause === undefined ? [detail, rule] : [detail, rule, cause]
  expect(await toldOf(onlyOf(skipped))).toEqual(told)
})

test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])(
  'a JWK Set: a key that has %s is private or symmetric',
  async (member) => {
    const { skipped } = JWTBundle.parse('td', jwks(jwk(keys['P-256'], { [member]: 'AQAB' })))
    expect(await toldOf(onlyOf(skipped))).toEqual([
      'key 0 of the set is private or symmetric',
      'RFC 7517 §9.2',
    ])
  },
)

test('a JWK Set: a member that is there twice, and a kid', async () => {
  const twice = jwks(jwk()).replace('"kid":"a"', '"kid":"a","kid":"a"')
  expect(await toldOf(onlyOf(JWTBundle.parse('td', twice).skipped))).toEqual([
    'key 0 of the set has the member "kid" twice',
    JWK_RULE,
  ])
  expect(await toldOf(onlyOf(JWTBundle.parse('td', jwks(jwk(), jwk(otherKey))).skipped))).toEqual([
    'key 1 of the set has the kid "a" of a key before it',
    'JWT-SVID §6.1',
  ])
})

test.each<[detail: string, rule: string, element: unknown, cause?: string]>([
  ['key 0 of the set is for "sig"', 'SPIFFE Trust Domain and Bundle §4.2.2', { ...ca, use: 'sig' }],
  [
    'key 0 of the set does not say what it is for',
    'SPIFFE Trust Domain and Bundle §4.2.2',
    { ...ca, use: undefined },
  ],
  [
    'key 0 of the set does not say what it is for',
    'SPIFFE Trust Domain and Bundle §4.2.2',
    { ...ca, use: 7 },
  ],
  ['key 0 of the set has no string for kty', KTY_RULE, { ...ca, kty: undefined }],
  ['key 0 of the set is of type "AKP"', KTY_RULE, { ...ca, kty: 'AKP' }],
  ['key 0 of the set has no certificate', 'X509-SVID §6.2', { ...ca, x5c: [] }],
  ['the certificate of key 0 of the set cannot be read', 'X509-SVID §6.1', { ...ca, x5c: [7] }],
  [
    'the certificate of key 0 of the set cannot be read',
    'X509-SVID §6.1',
    { ...ca, x5c: ['MAA='] },
    'ERR_SPIFFE_DER_MALFORMED',
  ],
  ['x of key 0 of the set is not that of its certificate', 'RFC 7517 §4.7', { ...ca, x: 'AQAB' }],
  ['the key of an X.509 authority is of a type that a bundle has no name for', KTY_RULE, nameless],
  [
    'the key of an X.509 authority is of a type that a bundle has no name for',
    KTY_RULE,
    keyless,
    'ERR_SPIFFE_DER_MALFORMED',
  ],
])('a SPIFFE bundle: %s', async (detail, rule, element, cause) => {
  const { skipped } = SpiffeBundle.parse('td', jwks(element))
  const told = cause === undefined ? [detail, rule] : [detail, rule, cause]
  expect(await toldOf(onlyOf(skipped))).toEqual(told)
})

test.each([
  ['spiffe_sequence', 'SPIFFE Trust Domain and Bundle §4.1.1'],
  ['spiffe_refresh_hint', 'SPIFFE Trust Domain and Bundle §4.1.2'],
])('a SPIFFE bundle: %s out of its range', async (name, rule) => {
  const { skipped } = SpiffeBundle.parse('td', `{"keys":[],"${name}":-1}`)
  expect(await toldOf(onlyOf(skipped))).toEqual([`${name} is not an integer in its range`, rule])
})

test('a bundle map: a name that is none', async () => {
  const { skipped } = BundleMap.parse('{"trust_domains":{"spiffe://td":{"keys":[]}}}')
  expect(await toldOf(onlyOf(skipped))).toEqual([
    '"spiffe://td" is no trust domain name',
    'SPIFFE Trust Domain and Bundle §5.1.1',
  ])
})

const bundle = X509Bundle.fromX509Authorities('td', [])
const jwtBundle = JWTBundle.fromJWTAuthorities('td', [])
const spiffe = SpiffeBundle.from('td')
const privateKey = createPrivateKey(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
)
const ed25519 = generateKeyPairSync('ed25519').publicKey
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey

test.each<[detail: string, refused: () => unknown]>([
  ['the JWK Set of trust domain td is no JSON object', () => JWTBundle.parse('td', '[]')],
  ['the JWK Set of trust domain td has no array in its member keys', () => JWTBundle.parse('td', '{}')],
  [
    'the JWK Set of trust domain td has no array in its member keys',
    () => JWTBundle.parse('td', '{"keys":{}}'),
  ],
  [
    'the JWK Set of trust domain td has the member "keys" twice',
    () => JWTBundle.parse('td', '{"keys":[],"keys":[]}'),
  ],
  [
    'the JWK Set of trust domain td has more in it than is read',
    () => JWTBundle.parse('td', ' '.repeat(64 * 1024 * 1024 + 1)),
  ],
  ['the SPIFFE bundle of trust domain td is no JSON object', () => SpiffeBundle.parse('td', '[]')],
  ['the SPIFFE bundle map is no JSON object', () => BundleMap.parse('[]')],
  [
    'the SPIFFE bundle map has no object in its member trust_domains',
    () => BundleMap.parse('{"trust_domains":[]}'),
  ],
  [
    'the SPIFFE bundle map names "td" twice',
    () => BundleMap.parse('{"trust_domains":{"td":{"keys":[]},"td":{"keys":[]}}}'),
  ],
  ['two bundles were given for trust domain "td"', () => SpiffeBundleSet.from([spiffe, spiffe])],

  ['the kid of a key is empty', () => jwtBundle.withJWTAuthority('', keys.RSA)],
  ['the key "a" is a private key', () => jwtBundle.withJWTAuthority('a', privateKey)],
  ['the key "a" is of a type that signs no JWT-SVID', () => jwtBundle.withJWTAuthority('a', ed25519)],
  ['the key "a" is of a type that signs no JWT-SVID', () => jwtBundle.withJWTAuthority('a', secp256k1)],
  ['the RSA key "a" has 1024 bits', () => jwtBundle.withJWTAuthority('a', rsaKey(1024, Buffer.of(1, 0, 1)))],
  ['TypeError: a kid is a string', () => jwtBundle.withJWTAuthority(7 as never, keys.RSA)],
  [
    'TypeError: a JWT authority is a KeyObject of node:crypto',
    () => jwtBundle.withJWTAuthority('a', 'key' as never),
  ],

  [
    'in the X.509 bundle of trust domain td, a certificate cannot be read',
    () => X509Bundle.parseRaw('td', Buffer.of(1)),
  ],
  [
    'in the X.509 bundle of trust domain td, a text that is not empty holds no certificate',
    () => X509Bundle.parse('td', 'a'),
  ],
  [
    'in the X.509 bundle of trust domain td, one authority was expected and 2 certificates came',
    () => bundle.withX509Authority(concatenated(authorities.ec, leaf)),
  ],
  ['TypeError: DER is a Uint8Array; parse reads PEM', () => X509Bundle.parseRaw('td', 'a' as never)],
  ['TypeError: PEM is a string; parseRaw reads DER', () => X509Bundle.parse('td', Buffer.of(1) as never)],
  [
    'TypeError: an X.509 authority is an X509Certificate, DER as a Uint8Array or PEM as a string',
    () => bundle.withX509Authority(7 as never),
  ],

  [
    'TypeError: authorities of other are none of td',
    () => spiffe.withX509Bundle(X509Bundle.fromX509Authorities('other', [])),
  ],
  ['TypeError: a sequence number is a bigint from 0 to 2^64 - 1', () => spiffe.withSequenceNumber(-1n)],
  ['TypeError: a refresh hint is a positive integer of seconds', () => spiffe.withRefreshHint(0)],
])('%s', async (detail, refused) => {
  expect(await detailOf(refused)).toBe(detail)
})

test('a document that is too large names the trust domain and what was too much', () => {
  const refusal = refusalOf(() => JWTBundle.parse('td', ' '.repeat(64 * 1024 * 1024 + 1)))
  expect([refusal.code, refusal.spiffeID, refusal.cause]).toEqual([
    'ERR_SPIFFE_BUNDLE_TOO_LARGE',
    'spiffe://td',
    expect.objectContaining({ code: 'ERR_SPIFFE_JSON_TOO_LARGE' }),
  ])
})

test('what nothing caused has no cause', () => {
  expect(refusalOf(() => X509Bundle.parseRaw('td', Buffer.of(1)))).toHaveProperty('cause')
  expect(refusalOf(() => X509Bundle.parse('td', 'a'))).not.toHaveProperty('cause')
})
