import { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { JWTBundle, SpiffeBundle, X509Bundle } from '../../../src/bundle/index.ts'
import { TrustDomain } from '../../../src/spiffeid/index.ts'
import { jwk, keys, otherKey } from '../jwt/keys.ts'
import { codesOf, refusalOf } from '../refusal.ts'
import {
  authorities,
  keylessAuthority,
  leaf,
  otherAuthority,
  unnameableAuthority,
} from '../x509/certificates.ts'
import { document, jwtKey, x509Key } from './documents.ts'

const ACME = TrustDomain.parse('acme.internal')
const { ec, rsa, ed25519 } = authorities

const parse = (...elements: readonly unknown[]): SpiffeBundle => SpiffeBundle.parse(ACME, document(elements))
const skips = (bundle: SpiffeBundle): readonly unknown[] =>
  bundle.skipped.map(({ at, error }) => [at, error.code])
const subjects = (bundle: SpiffeBundle): readonly string[] =>
  bundle.x509Bundle.x509Authorities.map(({ subject }) => subject)
const kids = (bundle: SpiffeBundle): readonly string[] => [...bundle.jwtBundle.jwtAuthorities.keys()]

describe('a SPIFFE bundle document', () => {
  test('gives X.509 and JWT authorities, each for its own kind of SVID', () => {
    const bundle = parse(x509Key(ec), jwtKey('a'), x509Key(rsa), jwtKey('b', otherKey), x509Key(ed25519))
    expect(subjects(bundle)).toEqual(['CN=ec', 'CN=rsa', 'CN=ed25519'])
    expect(kids(bundle)).toEqual(['a', 'b'])
    expect(bundle.skipped).toEqual([])
    expect(bundle.isEmpty).toBe(false)
    expect(bundle.trustDomain).toBe(ACME)
    expect(bundle.sequenceNumber).toBeUndefined()
    expect(bundle.refreshHintSeconds).toBeUndefined()
  })

  test('is read from bytes as from text, for a trust domain by name', () => {
    const text = document([x509Key(ec)])
    expect(
      SpiffeBundle.parse('acme.internal', Buffer.from(text)).equals(SpiffeBundle.parse(ACME, text)),
    ).toBe(true)
  })

  test('without keys trusts nothing', () => {
    const bundle = parse()
    expect(bundle.isEmpty).toBe(true)
    expect(bundle.x509Bundle.isEmpty).toBe(true)
    expect(bundle.jwtBundle.isEmpty).toBe(true)
    expect(bundle.getX509Bundle(ACME)?.isEmpty).toBe(true)
    expect(bundle.getJWTBundle(ACME)?.isEmpty).toBe(true)
  })

  test('of one kind says so by being empty of the other', () => {
    expect(parse(x509Key(ec)).jwtBundle.isEmpty).toBe(true)
    expect(parse(x509Key(ec)).isEmpty).toBe(false)
    expect(parse(jwtKey('a')).x509Bundle.isEmpty).toBe(true)
    expect(parse(jwtKey('a')).isEmpty).toBe(false)
  })

  test.each([
    ['no bytes at all', ''],
    ['no object', '[]'],
    ['no JSON', '{"keys":[]'],
    ['without keys', '{}'],
    ['with keys that are null', '{"keys":null}'],
    ['with keys that are an object', '{"keys":{}}'],
    ['with keys twice', '{"keys":[],"keys":[]}'],
    ['with a sequence number twice', '{"keys":[],"spiffe_sequence":1,"spiffe_sequence":2}'],
  ])('is refused as a whole when it is %s', (_, text) => {
    expect(SpiffeBundle.parse(ACME, '{"keys":[]}').isEmpty).toBe(true)
    expect(refusalOf(() => SpiffeBundle.parse(ACME, text))).toMatchObject({
      code: 'ERR_SPIFFE_BUNDLE_MALFORMED',
      spiffeID: 'spiffe://acme.internal',
    })
  })
})

describe('what a key of a SPIFFE bundle is for', () => {
  test.each([undefined, null, '', 'sig', 'JWT-SVID', 'jwt-svid ', 'wit-svid', 1, ['jwt-svid']])(
    'has to be said as the standard says it: %j is skipped',
    (use) => {
      const bundle = parse({ ...jwtKey('x'), use }, { ...x509Key(rsa), use }, x509Key(ec), jwtKey('a'))
      expect(subjects(bundle)).toEqual(['CN=ec'])
      expect(kids(bundle)).toEqual(['a'])
      expect(skips(bundle)).toEqual([
        [0, 'ERR_SPIFFE_JWK_USE_UNSUPPORTED'],
        [1, 'ERR_SPIFFE_JWK_USE_UNSUPPORTED'],
      ])
    },
  )

  test('is all that it is for', () => {
    const both = { ...x509Key(ec), ...jwk(keys['P-256'], { kid: 'a' }), use: 'jwt-svid' }
    const bundle = parse(both)
    expect(kids(bundle)).toEqual(['a'])
    expect(bundle.x509Bundle.isEmpty).toBe(true)
  })
})

describe('an X.509 authority', () => {
  test('is the first certificate of x5c, whatever follows', () => {
    const bundle = parse(
      x509Key(ec, { x5c: [base64(ec), base64(rsa)] }),
      x509Key(ed25519, { x5c: [base64(ed25519), 5] }),
    )
    expect(subjects(bundle)).toEqual(['CN=ec', 'CN=ed25519'])
    expect(bundle.skipped).toEqual([])
  })

  test('may have a kid, no key members beside its certificate, and members nobody knows', () => {
    const bundle = parse(
      x509Key(ec, { kid: 'a', 'x-note': 1 }),
      { kty: 'RSA', use: 'x509-svid', x5c: [base64(rsa)] },
      { kty: 'EC', use: 'x509-svid', x5c: [base64(otherAuthority)] },
    )
    expect(subjects(bundle)).toEqual(['CN=ec', 'CN=rsa', 'CN=other'])
  })

  test('that is listed twice is one', () => {
    expect(subjects(parse(x509Key(ec), x509Key(ec)))).toEqual(['CN=ec'])
  })

  test('that is no CA is kept, for the verifier to judge', () => {
    expect(subjects(parse(x509Key(leaf)))).toEqual(['CN=leaf'])
  })

  test.each<[string, unknown, string]>([
    ['is no object', 1, 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has no kty', x509Key(ec, { kty: undefined }), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is of an unknown type', x509Key(ec, { kty: 'XYZ' }), 'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED'],
    ['comes with its private key', x509Key(ec, { d: 'AAAA' }), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['is symmetric', x509Key(ec, { kty: 'oct' }), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['has no x5c', x509Key(ec, { x5c: undefined }), 'ERR_SPIFFE_JWK_X5C_MISSING'],
    ['has an empty x5c', x509Key(ec, { x5c: [] }), 'ERR_SPIFFE_JWK_X5C_MISSING'],
    ['has an x5c that is null', x509Key(ec, { x5c: null }), 'ERR_SPIFFE_JWK_X5C_MISSING'],
    ['has an x5c that is a string', x509Key(ec, { x5c: base64(ec) }), 'ERR_SPIFFE_JWK_X5C_MISSING'],
    [
      'has a certificate that is no string',
      x509Key(ec, { x5c: [null, base64(ec)] }),
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
    ],
    ['has an empty certificate', x509Key(ec, { x5c: ['', base64(ec)] }), 'ERR_SPIFFE_JWK_X5C_MALFORMED'],
    [
      'has a certificate in base64url',
      x509Key(ec, { x5c: [ec.raw.toString('base64url')] }),
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
    ],
    ['has a certificate in PEM', x509Key(ec, { x5c: [String(ec)] }), 'ERR_SPIFFE_JWK_X5C_MALFORMED'],
    [
      'has a certificate with a line break',
      x509Key(ec, { x5c: [`${base64(ec).slice(0, 64)}\n${base64(ec).slice(64)}`] }),
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
    ],
    [
      'has a broken certificate',
      x509Key(ec, { x5c: [base64(ec.raw.subarray(0, -3))] }),
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
    ],
    [
      'has two certificates in one string',
      x509Key(ec, { x5c: [base64(Buffer.concat([ec.raw, rsa.raw]))] }),
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
    ],
    [
      'is another key than its certificate has',
      x509Key(ec, { x5c: [base64(otherAuthority)] }),
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
    ],
    [
      'is of another type than its certificate',
      { kty: 'RSA', use: 'x509-svid', x5c: [base64(ec)] },
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
    ],
    [
      'names another curve than its certificate',
      x509Key(ec, { crv: 'P-384' }),
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
    ],
    [
      'has another y than its certificate',
      x509Key(ec, { y: undefined, x: 'AAAA' }),
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
    ],
    ['has another n than its certificate', x509Key(rsa, { n: 'AAAA' }), 'ERR_SPIFFE_JWK_X5C_MISMATCH'],
    ['has another e than its certificate', x509Key(rsa, { e: 'Aw' }), 'ERR_SPIFFE_JWK_X5C_MISMATCH'],
    [
      'has another x than its Ed25519 certificate',
      x509Key(ed25519, { x: 'AAAA' }),
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
    ],
    [
      'has a key on a curve that JWK has no name for',
      { kty: 'EC', use: 'x509-svid', x5c: [base64(unnameableAuthority)] },
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    [
      'has a key that cannot be read',
      { kty: 'RSA', use: 'x509-svid', x5c: [base64(keylessAuthority)] },
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
  ])('that %s is skipped and costs no other', (_, bad, code) => {
    expect(parse(x509Key(ec), x509Key(rsa), x509Key(ed25519)).skipped).toEqual([])
    const bundle = parse(bad, x509Key(ec), bad, jwtKey('a'))
    expect(subjects(bundle)).toEqual(['CN=ec'])
    expect(kids(bundle)).toEqual(['a'])
    expect(skips(bundle)).toEqual([
      [0, code],
      [2, code],
    ])
  })

  test('with a member twice is skipped and costs no other', () => {
    const text = JSON.stringify(x509Key(rsa))
    const twice = text.replace('{', '{"use":"x509-svid",')
    expect(subjects(SpiffeBundle.parse(ACME, `{"keys":[${text}]}`))).toEqual(['CN=rsa'])
    const bundle = SpiffeBundle.parse(ACME, `{"keys":[${twice},${JSON.stringify(x509Key(ec))}]}`)
    expect(subjects(bundle)).toEqual(['CN=ec'])
    expect(skips(bundle)).toEqual([[0, 'ERR_SPIFFE_JWK_MALFORMED']])
  })
})

test('a JWT authority that cannot be used is skipped and reported, also when that shows only as its key is made', () => {
  const { x, y } = keys['P-256'].export({ format: 'jwk' })
  const offCurve = { ...jwtKey('a', keys['P-256']), x: y, y: x }
  const bundle = parse({ ...jwtKey('a'), kid: undefined }, offCurve, jwtKey('b'), x509Key(ec))
  expect(kids(bundle)).toEqual(['b'])
  expect(subjects(bundle)).toEqual(['CN=ec'])
  expect(skips(bundle)).toEqual([
    [0, 'ERR_SPIFFE_JWK_KID_MISSING'],
    [1, 'ERR_SPIFFE_JWK_MALFORMED'],
  ])
})

describe('spiffe_sequence', () => {
  const sequence = (text: string): SpiffeBundle =>
    SpiffeBundle.parse(ACME, `{"keys":[],"spiffe_sequence":${text}}`)

  test.each(['0', '1', '9007199254740993', '9223372036854775807', '18446744073709551615'])(
    'reads %s without loss',
    (text) => {
      expect(sequence(text).sequenceNumber).toBe(BigInt(text))
      expect(sequence(text).skipped).toEqual([])
      expect(sequence(text).marshal()).toBe(`{"keys":[],"spiffe_sequence":${text}}`)
    },
  )

  test.each(['-1', '1.5', '1.0', '1e3', '"1"', 'null', '[1]', '18446744073709551616', '1'.repeat(1000)])(
    'counts as absent and is reported when it is %s',
    (text) => {
      expect(sequence(text).sequenceNumber).toBeUndefined()
      expect(skips(sequence(text))).toEqual([['spiffe_sequence', 'ERR_SPIFFE_BUNDLE_SEQUENCE_INVALID']])
    },
  )
})

describe('spiffe_refresh_hint', () => {
  const hint = (text: string): SpiffeBundle =>
    SpiffeBundle.parse(ACME, `{"keys":[],"spiffe_refresh_hint":${text}}`)

  test.each(['1', '300', '2419200', '9007199254740991'])('reads %s seconds', (text) => {
    expect(hint(text).refreshHintSeconds).toBe(Number(text))
    expect(hint(text).skipped).toEqual([])
    expect(hint(text).marshal()).toBe(`{"keys":[],"spiffe_refresh_hint":${text}}`)
  })

  test.each(['0', '-300', '1.5', '3e2', '"300"', 'null', 'true', '9007199254740992', '18446744073709551616'])(
    'counts as absent and is reported when it is %s',
    (text) => {
      expect(hint(text).refreshHintSeconds).toBeUndefined()
      expect(skips(hint(text))).toEqual([['spiffe_refresh_hint', 'ERR_SPIFFE_BUNDLE_REFRESH_HINT_INVALID']])
    },
  )

  test('is not read from the name that the prose of the standard uses', () => {
    expect(SpiffeBundle.parse(ACME, '{"keys":[],"refresh_hint":300}').refreshHintSeconds).toBeUndefined()
  })
})

describe('SpiffeBundle.from', () => {
  const x509Bundle = X509Bundle.fromX509Authorities(ACME, [ec])
  const jwtBundle = JWTBundle.fromJWTAuthorities(ACME, [['a', keys.RSA]])

  test('makes a bundle of its parts', () => {
    const bundle = SpiffeBundle.from('acme.internal', {
      x509Bundle,
      jwtBundle,
      sequenceNumber: 2n ** 64n - 1n,
      refreshHintSeconds: 300,
    })
    expect(bundle).toMatchObject({
      x509Bundle,
      jwtBundle,
      sequenceNumber: 2n ** 64n - 1n,
      refreshHintSeconds: 300,
    })
    expect(SpiffeBundle.from(ACME).isEmpty).toBe(true)
    expect(SpiffeBundle.from(ACME, { sequenceNumber: 0n, refreshHintSeconds: 1 }).sequenceNumber).toBe(0n)
  })

  test.each<[string, Record<string, unknown>]>([
    [
      'X.509 authorities of another trust domain',
      { x509Bundle: X509Bundle.fromX509Authorities('other.example', [ec]) },
    ],
    [
      'JWT authorities of another trust domain',
      { jwtBundle: JWTBundle.fromJWTAuthorities('other.example', []) },
    ],
    ['a negative sequence number', { sequenceNumber: -1n }],
    ['a sequence number of 65 bits', { sequenceNumber: 2n ** 64n }],
    ['a sequence number that is no bigint', { sequenceNumber: 1 }],
    ['a refresh hint of 0', { refreshHintSeconds: 0 }],
    ['a fractional refresh hint', { refreshHintSeconds: 1.5 }],
    ['a refresh hint beyond what a number can count', { refreshHintSeconds: 2 ** 53 }],
    ['a refresh hint that is no number', { refreshHintSeconds: '300' }],
    ['a refresh hint that is not finite', { refreshHintSeconds: Number.POSITIVE_INFINITY }],
  ])('refuses %s', (_, parts) => {
    expect(() => Reflect.apply(SpiffeBundle.from, SpiffeBundle, [ACME, parts])).toThrow(TypeError)
  })
})

describe('a SPIFFE bundle', () => {
  const bundle = parse(x509Key(ec), jwtKey('a')).withSequenceNumber(7n).withRefreshHint(300)

  test('changes into another bundle', () => {
    expect(subjects(bundle.withX509Authority(rsa))).toEqual(['CN=ec', 'CN=rsa'])
    expect(subjects(bundle.withoutX509Authority(ec))).toEqual([])
    expect(kids(bundle.withJWTAuthority('b', otherKey))).toEqual(['a', 'b'])
    expect(kids(bundle.withoutJWTAuthority('a'))).toEqual([])
    expect(bundle.withX509Bundle(X509Bundle.parse(ACME, '')).x509Bundle.isEmpty).toBe(true)
    expect(bundle.withJWTBundle(JWTBundle.parse(ACME, '')).jwtBundle.isEmpty).toBe(true)
    expect(bundle.withSequenceNumber(undefined).sequenceNumber).toBeUndefined()
    expect(bundle.withRefreshHint(undefined).refreshHintSeconds).toBeUndefined()
    expect(bundle.withRefreshHint(60)).toMatchObject({ refreshHintSeconds: 60, sequenceNumber: 7n })
    expect(bundle).toMatchObject({ refreshHintSeconds: 300, sequenceNumber: 7n })
    expect(subjects(bundle)).toEqual(['CN=ec'])
    expect(kids(bundle)).toEqual(['a'])
    expect(Object.isFrozen(bundle)).toBe(true)
    const flawed = parse(null, x509Key(ec))
    expect(flawed.withSequenceNumber(1n).withX509Authority(rsa).skipped).toEqual(flawed.skipped)
  })

  test('never takes authorities of another trust domain', () => {
    expect(() => bundle.withX509Bundle(X509Bundle.fromX509Authorities('other.example', [rsa]))).toThrow(
      TypeError,
    )
    expect(() => bundle.withJWTBundle(JWTBundle.fromJWTAuthorities('other.example', []))).toThrow(TypeError)
  })

  test('equals the same edition of the same bundle', () => {
    const same = SpiffeBundle.parse(ACME, bundle.marshal())
    expect(bundle.equals(same)).toBe(true)
    expect(bundle.equals(same.withSequenceNumber(8n))).toBe(false)
    expect(bundle.equals(same.withRefreshHint(60))).toBe(false)
    expect(bundle.equals(same.withX509Authority(rsa))).toBe(false)
    expect(bundle.equals(same.withoutJWTAuthority('a'))).toBe(false)
    expect(SpiffeBundle.from(ACME).equals(SpiffeBundle.from('other.example'))).toBe(false)
  })

  test('is written as a publisher has to: use, kid of JWT keys alone, one certificate, and no more', () => {
    const written = JSON.parse(bundle.marshal())
    expect(written).toEqual({
      keys: [
        { ...publicMembers(ec), use: 'x509-svid', x5c: [base64(ec)] },
        { ...keys.RSA.export({ format: 'jwk' }), use: 'jwt-svid', kid: 'a' },
      ],
      spiffe_sequence: 7,
      spiffe_refresh_hint: 300,
    })
    expect(bundle.marshal()).not.toContain('acme')
  })

  test('is read back as it was written, with keys of every type', () => {
    const every = parse(
      x509Key(ec),
      x509Key(rsa),
      x509Key(ed25519),
      ...Object.entries(keys).map(([kid, key]) => jwtKey(kid, key)),
    )
    const read = SpiffeBundle.parse(ACME, every.marshal())
    expect(read.equals(every)).toBe(true)
    expect(read.skipped).toEqual([])
    expect(SpiffeBundle.from(ACME).marshal()).toBe('{"keys":[]}')
  })

  test('cannot be written when a key has no name there', () => {
    const unnameable = bundle.withX509Authority(unnameableAuthority)
    expect(codesOf(() => unnameable.marshal())).toEqual(['ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED'])
    const keyless = bundle.withX509Authority(keylessAuthority)
    expect(codesOf(() => keyless.marshal())).toEqual([
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
      'ERR_SPIFFE_DER_MALFORMED',
    ])
  })

  test('is the source of its own trust domain alone', () => {
    expect(bundle.getX509Bundle(TrustDomain.parse('acme.internal'))).toBe(bundle.x509Bundle)
    expect(bundle.getJWTBundle(TrustDomain.parse('acme.internal'))).toBe(bundle.jwtBundle)
    expect(bundle.getX509Bundle(TrustDomain.parse('other.example'))).toBeUndefined()
    expect(bundle.getJWTBundle(TrustDomain.parse('other.example'))).toBeUndefined()
    expect([...bundle.getX509Bundles()]).toEqual([bundle.x509Bundle])
    expect(bundle.onChange(() => expect.unreachable())()).toBeUndefined()
  })

  test('shows trust domain and edition when it is inspected', () => {
    expect(inspect(bundle)).toBe('SpiffeBundle(acme.internal, sequence 7)')
    expect(inspect(SpiffeBundle.from(ACME))).toBe('SpiffeBundle(acme.internal, sequence unknown)')
  })
})

function base64(certificate: X509Certificate | Uint8Array): string {
  return Buffer.from(certificate instanceof X509Certificate ? certificate.raw : certificate).toString(
    'base64',
  )
}

function publicMembers(certificate: X509Certificate): object {
  return certificate.publicKey.export({ format: 'jwk' })
}
