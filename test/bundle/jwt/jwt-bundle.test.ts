import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, type Mock, test, vi } from 'vitest'
import { JWTBundle, type SkippedElement } from '../../../src/bundle/index.ts'
import { jwtAuthoritiesOf } from '../../../src/bundle/jwt/jwt-bundle.ts'
import { TrustDomain } from '../../../src/spiffeid/index.ts'
import { codesOf, refusalOf } from '../refusal.ts'
import { jwk, jwks, keys, modulus, otherKey, rsaJWK, rsaKey } from './keys.ts'

const ACME = TrustDomain.parse('acme.internal')
const F4 = Uint8Array.of(1, 0, 1)

const parse = (...elements: readonly unknown[]): JWTBundle => JWTBundle.parse(ACME, jwks(...elements))
const kids = (bundle: JWTBundle): readonly string[] => [...bundle.jwtAuthorities.keys()]
const skips = (bundle: JWTBundle): readonly unknown[] =>
  bundle.skipped.map(({ at, error }) => [at, error.code])
const good = jwk(otherKey, { kid: 'good' })

const zeros = (count: number): string => `[${'0,'.repeat(count - 1)}0]`

/** Gives a name of its own to each member that it replaces. */
function numbered(): () => string {
  let next = 0
  return () => `"${next++}"`
}

afterEach(() => vi.restoreAllMocks())

/** Watches the getter that makes a bigint of an exponent, in time that grows with the square of its length. */
function asymmetricKeyDetails(): Mock {
  return vi.spyOn(Object.getPrototypeOf(Object.getPrototypeOf(keys.RSA)), 'asymmetricKeyDetails', 'get')
}

describe('a JWK Set of the Workload API', () => {
  test('gives its keys by kid, of every kind that signs JWT-SVIDs', () => {
    const entries = Object.entries(keys)
    const bundle = parse(...entries.map(([kid, key]) => jwk(key, { kid })))
    expect(kids(bundle)).toEqual(entries.map(([kid]) => kid))
    for (const [kid, key] of entries) {
      expect(bundle.findJWTAuthority(kid)?.equals(key)).toBe(true)
      expect(bundle.has(kid)).toBe(true)
      expect(jwtAuthoritiesOf(bundle).get(kid)).toMatchObject({ kid, kind: kid, alg: undefined })
    }
    expect(bundle.skipped).toEqual([])
    expect(bundle.isEmpty).toBe(false)
    expect(bundle.trustDomain).toBe(ACME)
  })

  test('is read from bytes as from text, for a trust domain by name', () => {
    const bundle = JWTBundle.parse('acme.internal', Buffer.from(jwks(good)))
    expect(bundle.equals(parse(good))).toBe(true)
    expect(bundle.trustDomain.name).toBe('acme.internal')
  })

  test('finds a kid as it is and no other', () => {
    const bundle = parse(jwk(keys.RSA, { kid: 'Key' }))
    expect(bundle.findJWTAuthority('Key')).toBeDefined()
    for (const kid of ['key', 'Key ', '', '__proto__', 'constructor']) {
      expect(bundle.findJWTAuthority(kid)).toBeUndefined()
      expect(bundle.has(kid)).toBe(false)
    }
  })

  test('may have no keys, or be no bytes at all: it trusts nothing', () => {
    for (const empty of ['{"keys":[]}', '', new Uint8Array()]) {
      const bundle = JWTBundle.parse(ACME, empty)
      expect(bundle.isEmpty).toBe(true)
      expect(bundle.skipped).toEqual([])
      expect(bundle.findJWTAuthority('a')).toBeUndefined()
    }
  })

  test('may say more than the standard knows', () => {
    const text = `{"version":{"keys":[1]},"keys":[${JSON.stringify({ ...good, 'x-note': [{}], key_ops: ['verify'] })}]}`
    expect(kids(JWTBundle.parse(ACME, text))).toEqual(['good'])
  })

  test.each([
    ['no object', '[]'],
    ['no JSON', '{"keys":[]'],
    ['white space alone', ' '],
    ['without keys', '{}'],
    ['with keys that are null', '{"keys":null}'],
    ['with keys that are an object', '{"keys":{}}'],
    ['with keys that are a string', '{"keys":"[]"}'],
    ['with keys spelt otherwise', '{"Keys":[]}'],
    ['with keys twice', '{"keys":[],"keys":[]}'],
    ['with another member twice', '{"keys":[],"a":1,"a":2}'],
    ['nested too deep', `{"keys":[],"a":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['after a byte order mark', '\ufeff{"keys":[]}'],
  ])('is refused as a whole when it is %s', (_, text) => {
    expect(JWTBundle.parse(ACME, '{"keys":[]}').isEmpty).toBe(true)
    const error = refusalOf(() => JWTBundle.parse(ACME, text))
    expect(error).toMatchObject({
      code: 'ERR_SPIFFE_JWT_BUNDLE_MALFORMED',
      spiffeID: 'spiffe://acme.internal',
    })
    expect(error.message).toContain('acme.internal')
  })

  test.each<[string, number, (size: number) => string]>([
    ['16 MiB', 16 * 1024 * 1024, (size) => `{"keys":[],"a":"${'x'.repeat(size - 18)}"}`],
    ['10,000 keys', 10_000, (count) => `{"keys":${zeros(count)}}`],
    [
      '10,000 members',
      10_000,
      (count) => `{"keys":[]${',"a":0'.repeat(count - 1)}}`.replaceAll('"a"', numbered()),
    ],
    ['10,000 values in another member', 10_000, (count) => `{"keys":[],"a":${zeros(count)}}`],
    ['320,000 values', 31, (rows) => `{"keys":[],"a":[${Array(rows).fill(zeros(10_000)).join()}]}`],
  ])('is refused before it is parsed when it has more than %s', (_, most, text) => {
    const valid = text(most)
    expect(JWTBundle.parse(ACME, valid).isEmpty).toBe(true)
    const parseJSON = vi.spyOn(JSON, 'parse')
    for (const refused of [text(most + 1), Buffer.from(text(most + 1))]) {
      expect(codesOf(() => JWTBundle.parse(ACME, refused))).toEqual([
        'ERR_SPIFFE_BUNDLE_TOO_LARGE',
        'ERR_SPIFFE_JSON_TOO_LARGE',
      ])
    }
    expect(parseJSON).not.toHaveBeenCalled()
  })

  test('keeps the cause of a refusal', () => {
    expect(codesOf(() => JWTBundle.parse(ACME, '{'))).toEqual([
      'ERR_SPIFFE_JWT_BUNDLE_MALFORMED',
      'ERR_SPIFFE_JSON_MALFORMED',
    ])
  })
})

describe('the use of keys', () => {
  test('is not asked for while no key has one', () => {
    expect(kids(parse(jwk(keys.RSA), good))).toEqual(['a', 'good'])
  })

  test('counts as soon as one key has one', () => {
    const bundle = parse(
      jwk(keys.RSA),
      { ...good, use: 'jwt-svid' },
      jwk(keys['P-384'], { kid: 'x', use: 'x509-svid' }),
    )
    expect(kids(bundle)).toEqual(['good'])
    expect(skips(bundle)).toEqual([
      [0, 'ERR_SPIFFE_JWK_USE_UNSUPPORTED'],
      [2, 'ERR_SPIFFE_JWK_USE_UNSUPPORTED'],
    ])
  })

  test.each(['sig', 'enc', 'JWT-SVID', 'jwt-svid ', 'wit-svid', '', null, 1, ['jwt-svid']])(
    'makes all keys without one count for nothing when a key is for %j',
    (use) => {
      expect(kids(parse({ ...good, use: 'jwt-svid' }))).toEqual(['good'])
      expect(parse(good, { ...good, kid: 'other', use }).isEmpty).toBe(true)
    },
  )

  test('counts also where the key that has one is itself unusable', () => {
    const twice = `{"use":"jwt-svid","use":"jwt-svid","kty":"EC"}`
    expect(JWTBundle.parse(ACME, `{"keys":[${twice},${JSON.stringify(good)}]}`).isEmpty).toBe(true)
    expect(parse(good, { kty: 'XYZ', use: 'jwt-svid' }).isEmpty).toBe(true)
    expect(parse(good, { kty: 'oct', k: 'AAAA', use: 'sig' }).isEmpty).toBe(true)
  })
})

describe('a key that cannot be used', () => {
  const ecMembers = (members: Record<string, unknown>): unknown => jwk(keys['P-256'], members)
  const rsaMembers = (members: Record<string, unknown>): unknown => jwk(keys.RSA, members)
  const { x: x256, y: y256 } = keys['P-256'].export({ format: 'jwk' })
  const { n } = keys.RSA.export({ format: 'jwk' })
  const zeroFirst = (text: unknown): string =>
    Buffer.concat([Uint8Array.of(0), Buffer.from(String(text), 'base64url')]).toString('base64url')

  test.each<[string, unknown, unknown, string]>([
    ['is no object', 'a', ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is null', null, ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is an array', [], ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has no kty', ecMembers({ kty: undefined }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has a kty that is no string', ecMembers({ kty: ['EC'] }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    [
      'is of an unknown type',
      ecMembers({ kty: 'XYZ' }),
      ecMembers({}),
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    [
      'is of a type in another case',
      ecMembers({ kty: 'ec' }),
      ecMembers({}),
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    [
      'is an Ed25519 key',
      { kty: 'OKP', crv: 'Ed25519', x: x256, kid: 'a' },
      ecMembers({}),
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    [
      'is on secp256k1',
      ecMembers({ crv: 'secp256k1' }),
      ecMembers({}),
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    ['has no curve', ecMembers({ crv: undefined }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is symmetric', { kty: 'oct', k: 'AAAA', kid: 'a' }, ecMembers({}), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['is symmetric without a value', { kty: 'oct', kid: 'a' }, ecMembers({}), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((name): [string, unknown, unknown, string] => [
      `has the private member ${name}`,
      rsaMembers({ [name]: 'AQAB' }),
      rsaMembers({}),
      'ERR_SPIFFE_JWK_NOT_PUBLIC',
    ]),
    ['has a private member that is null', ecMembers({ d: null }), ecMembers({}), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['has no kid', ecMembers({ kid: undefined }), ecMembers({}), 'ERR_SPIFFE_JWK_KID_MISSING'],
    ['has an empty kid', ecMembers({ kid: '' }), ecMembers({}), 'ERR_SPIFFE_JWK_KID_MISSING'],
    ['has a kid that is a number', ecMembers({ kid: 1 }), ecMembers({}), 'ERR_SPIFFE_JWK_KID_MISSING'],
    [
      'has an alg that is no string',
      ecMembers({ alg: ['ES256'] }),
      ecMembers({ alg: 'ES256' }),
      'ERR_SPIFFE_JWK_MALFORMED',
    ],
    ['has no x', ecMembers({ x: undefined }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has no y', ecMembers({ y: undefined }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has an x with padding', ecMembers({ x: `${x256}=` }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    [
      'has a y with an octet too many',
      ecMembers({ y: zeroFirst(y256) }),
      ecMembers({}),
      'ERR_SPIFFE_JWK_MALFORMED',
    ],
    ['has an empty x', ecMembers({ x: '' }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is a point of another curve', ecMembers({ crv: 'P-384' }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['is a point on no curve', ecMembers({ x: y256, y: x256 }), ecMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has no n', rsaMembers({ n: undefined }), rsaMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has an n that is a number', rsaMembers({ n: 65537 }), rsaMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    [
      'has an n that begins with zero',
      rsaMembers({ n: zeroFirst(n) }),
      rsaMembers({}),
      'ERR_SPIFFE_JWK_MALFORMED',
    ],
    [
      'has an n in the other alphabet',
      rsaMembers({ n: `+${String(n).slice(1)}` }),
      rsaMembers({}),
      'ERR_SPIFFE_JWK_MALFORMED',
    ],
    ['has no e', rsaMembers({ e: undefined }), rsaMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has an empty e', rsaMembers({ e: '' }), rsaMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has the exponent 0', rsaMembers({ e: 'AA' }), rsaMembers({}), 'ERR_SPIFFE_JWK_MALFORMED'],
    ['has the exponent 1', rsaMembers({ e: 'AQ' }), rsaMembers({ e: 'Aw' }), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    ['has an even exponent', rsaMembers({ e: 'AQAA' }), rsaMembers({ e: 'AQAB' }), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    [
      'has an exponent of 65 bits',
      rsaMembers({ e: 'AQAAAAAAAAAB' }),
      rsaMembers({ e: '__________8' }),
      'ERR_SPIFFE_JWK_WEAK_KEY',
    ],
    [
      'has 2047 bits',
      { ...rsaJWK(modulus(2047), F4), kid: 'a' },
      { ...rsaJWK(modulus(2048), F4), kid: 'a' },
      'ERR_SPIFFE_JWK_WEAK_KEY',
    ],
    [
      'has 16385 bits',
      { ...rsaJWK(modulus(16385), F4), kid: 'a' },
      { ...rsaJWK(modulus(16384), F4), kid: 'a' },
      'ERR_SPIFFE_JWK_WEAK_KEY',
    ],
  ])('because it %s is skipped and costs no other', (_, bad, valid, code) => {
    expect(kids(parse(good, valid))).toEqual(['good', 'a'])
    expect(parse(good, valid).skipped).toEqual([])
    const bundle = parse(bad, good, bad)
    expect(kids(bundle)).toEqual(['good'])
    expect(bundle.findJWTAuthority('a')).toBeUndefined()
    expect([...skips(bundle)].sort()).toEqual([
      [0, code],
      [2, code],
    ])
  })

  test('because it is RSA with a number of any length is told by its length, and never imported', () => {
    const details = asymmetricKeyDetails()
    const members = rsaMembers({ kid: 'a', e: 'AQAB' })
    expect(kids(parse(members, good))).toEqual(['a', 'good'])
    const long = Buffer.alloc(128 * 1024, 0xab).toString('base64url')
    for (const bad of [rsaMembers({ e: long }), rsaMembers({ n: long })]) {
      const bundle = parse(bad, good)
      expect(bundle.isEmpty).toBe(false)
      expect(bundle.equals(parse(members, good))).toBe(false)
      expect(bundle.findJWTAuthority('a')).toBeUndefined()
      expect(skips(bundle)).toEqual([[0, 'ERR_SPIFFE_JWK_WEAK_KEY']])
    }
    expect(details).not.toHaveBeenCalled()
  })

  test('because it has a member twice is skipped and costs no other', () => {
    const text = JSON.stringify(jwk())
    const twice = text.replace('{', '{"kid":"b",')
    expect(kids(JWTBundle.parse(ACME, `{"keys":[${text}]}`))).toEqual(['a'])
    const bundle = JWTBundle.parse(ACME, `{"keys":[${twice},${JSON.stringify(good)}]}`)
    expect(kids(bundle)).toEqual(['good'])
    expect(skips(bundle)).toEqual([[0, 'ERR_SPIFFE_JWK_MALFORMED']])
  })

  test('is told of without its value', () => {
    const bundle = parse(jwk(keys['P-256'], { d: 'c2VjcmV0' }), jwk(keys.RSA, { n: 'c2VjcmV0=' }))
    expect(bundle.skipped).toHaveLength(2)
    expect(inspect(bundle.skipped, { depth: 9 })).not.toContain('c2VjcmV0')
  })
})

describe('keys with one kid', () => {
  test('leave the first the one that counts, and report the others', () => {
    const bundle = parse(jwk(keys.RSA), jwk(otherKey), jwk(keys.RSA))
    expect(bundle.findJWTAuthority('a')?.equals(keys.RSA)).toBe(true)
    expect(skips(bundle)).toEqual([
      [1, 'ERR_SPIFFE_JWK_KID_DUPLICATE'],
      [2, 'ERR_SPIFFE_JWK_KID_DUPLICATE'],
    ])
  })

  test('leave the first that can be used, when one before turns out to be no key', () => {
    const { x, y } = keys['P-256'].export({ format: 'jwk' })
    const bundle = parse(jwk(keys['P-256'], { x: y, y: x }), jwk(otherKey))
    expect(bundle.findJWTAuthority('a')?.equals(otherKey)).toBe(true)
    expect(skips(bundle)).toEqual([[0, 'ERR_SPIFFE_JWK_MALFORMED']])
  })
})

describe('the authorities that fit an algorithm', () => {
  const kidsOfKind = (bundle: JWTBundle, kind: 'RSA' | 'P-256' | 'P-384' | 'P-521'): readonly string[] =>
    [...jwtAuthoritiesOf(bundle).ofKind(kind)].map(({ kid }) => kid)

  test('are those of its kind, in the order of the set', () => {
    const bundle = parse(
      jwk(keys['P-256'], { kid: '1' }),
      jwk(keys.RSA, { kid: '2' }),
      jwk(otherKey, { kid: '3' }),
    )
    expect(kidsOfKind(bundle, 'P-256')).toEqual(['1', '3'])
    expect(kidsOfKind(bundle, 'RSA')).toEqual(['2'])
    expect(kidsOfKind(bundle, 'P-384')).toEqual([])
  })

  test('are not those that turn out to be no key, nor those that come second with a kid', () => {
    const { x, y } = keys['P-256'].export({ format: 'jwk' })
    const broken = jwk(keys['P-256'], { x: y, y: x })
    expect(kidsOfKind(parse(broken, jwk(keys.RSA)), 'P-256')).toEqual([])
    expect(kidsOfKind(parse(broken, jwk(keys.RSA)), 'RSA')).toEqual(['a'])
    expect(kidsOfKind(parse(jwk(keys.RSA), jwk(keys['P-256'])), 'P-256')).toEqual([])
  })

  test('carry the one algorithm that the publisher bound them to', () => {
    expect(jwtAuthoritiesOf(parse(jwk(keys.RSA, { alg: 'PS256' }))).get('a')?.alg).toBe('PS256')
  })
})

describe('fromJWTAuthorities', () => {
  test('takes public keys with their kid', () => {
    const bundle = JWTBundle.fromJWTAuthorities('acme.internal', new Map(Object.entries(keys)))
    expect([...bundle.jwtAuthorities]).toEqual(Object.entries(keys))
    expect(bundle.skipped).toEqual([])
    expect(JWTBundle.fromJWTAuthorities(ACME, []).isEmpty).toBe(true)
  })

  test('takes the later of two keys with one kid', () => {
    const bundle = JWTBundle.fromJWTAuthorities(ACME, [
      ['a', keys.RSA],
      ['a', otherKey],
    ])
    expect([...bundle.jwtAuthorities]).toEqual([['a', otherKey]])
  })

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  test.each<[string, string, KeyObject, string]>([
    ['an empty kid', '', keys.RSA, 'ERR_SPIFFE_JWK_KID_MISSING'],
    ['a private key', 'a', privateKey, 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['a secret key', 'a', createSecretKey(Buffer.alloc(32)), 'ERR_SPIFFE_JWK_NOT_PUBLIC'],
    ['an RSA key of 2047 bits', 'a', rsaKey(2047, F4), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    ['an RSA key of 16385 bits', 'a', rsaKey(16385, F4), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    ['an RSA key with the exponent 1', 'a', rsaKey(2048, Uint8Array.of(1)), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    ['an RSA key with an even exponent', 'a', rsaKey(2048, Uint8Array.of(4)), 'ERR_SPIFFE_JWK_WEAK_KEY'],
    [
      'a key on secp256k1',
      'a',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
    ['an Ed25519 key', 'a', generateKeyPairSync('ed25519').publicKey, 'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED'],
    [
      'an RSASSA-PSS key',
      'a',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    ],
  ])('refuses %s', (_, kid, key, code) => {
    expect(JWTBundle.fromJWTAuthorities(ACME, [['a', rsaKey(2048, F4)]]).has('a')).toBe(true)
    expect(codesOf(() => JWTBundle.fromJWTAuthorities(ACME, [[kid, key]]))[0]).toBe(code)
  })

  test('refuses an RSA key with an exponent of any length by that length alone', () => {
    const details = asymmetricKeyDetails()
    const bundle = JWTBundle.fromJWTAuthorities(ACME, [['a', rsaKey(2048, Buffer.alloc(8, 0xab))]])
    expect(bundle.has('a')).toBe(true)
    for (const octets of [9, 128 * 1024]) {
      const long = rsaKey(2048, Buffer.alloc(octets, 0xab))
      expect(codesOf(() => bundle.withJWTAuthority('a', long))).toEqual(['ERR_SPIFFE_JWK_WEAK_KEY'])
    }
    expect(details).not.toHaveBeenCalled()
  })

  test('refuses arguments of a wrong type', () => {
    const bundle = JWTBundle.fromJWTAuthorities(ACME, [])
    const wrong: [unknown, unknown][] = [
      [1, otherKey],
      ['a', otherKey.export({ format: 'jwk' })],
      ['a', undefined],
    ]
    for (const [kid, key] of wrong) {
      expect(() => Reflect.apply(bundle.withJWTAuthority, bundle, [kid, key])).toThrow(TypeError)
    }
    expect(() => Reflect.apply(JWTBundle.parse, JWTBundle, [ACME, undefined])).toThrow(TypeError)
    expect(() => Reflect.apply(JWTBundle.parse, JWTBundle, [undefined, '{"keys":[]}'])).toThrow(TypeError)
  })
})

describe('a JWT bundle', () => {
  const entries = Object.entries(keys)
  const bundle = JWTBundle.fromJWTAuthorities(ACME, entries)

  test('changes into another bundle', () => {
    const more = bundle.withJWTAuthority('new', otherKey)
    expect(kids(more)).toEqual([...Object.keys(keys), 'new'])
    const replaced = bundle.withJWTAuthority('RSA', otherKey)
    expect(replaced.findJWTAuthority('RSA')).toBe(otherKey)
    const less = bundle.withoutJWTAuthority('RSA')
    expect(less.has('RSA')).toBe(false)
    expect(kids(less)).toEqual(['P-256', 'P-384', 'P-521'])
    expect(kids(bundle)).toEqual(Object.keys(keys))
    expect(bundle.findJWTAuthority('RSA')).toBe(keys.RSA)
    expect(bundle.withoutJWTAuthority('unknown').equals(bundle)).toBe(true)
    const flawed = parse(null, jwk(keys.RSA))
    expect(flawed.withJWTAuthority('b', otherKey).skipped).toEqual(flawed.skipped)
    expect(flawed.withoutJWTAuthority('a').skipped).toEqual(flawed.skipped)
  })

  test('cannot be changed through what it gives out', () => {
    const given = bundle.jwtAuthorities
    if (given instanceof Map) given.clear()
    expect(kids(bundle)).toEqual(Object.keys(keys))
    expect(Object.isFrozen(bundle)).toBe(true)
    const authority = jwtAuthoritiesOf(bundle).get('RSA')
    expect(Object.isFrozen(authority)).toBe(true)
    const skipped: SkippedElement[] = [...parse(null).skipped]
    expect(skipped.every((element) => Object.isFrozen(element))).toBe(true)
  })

  test('equals one with the same keys in whatever order', () => {
    const reversed = JWTBundle.fromJWTAuthorities(ACME, Object.entries(keys).reverse())
    expect(bundle.equals(reversed)).toBe(true)
    expect(bundle.equals(reversed.withoutJWTAuthority('RSA'))).toBe(false)
    expect(bundle.withoutJWTAuthority('RSA').equals(reversed)).toBe(false)
    expect(bundle.equals(reversed.withJWTAuthority('RSA', otherKey))).toBe(false)
    expect(bundle.equals(reversed.withoutJWTAuthority('RSA').withJWTAuthority('rsa', keys.RSA))).toBe(false)
    expect(bundle.equals(JWTBundle.fromJWTAuthorities('other.example', Object.entries(keys)))).toBe(false)
    expect(parse(jwk(keys.RSA, { alg: 'RS256' })).equals(parse(jwk(keys.RSA)))).toBe(false)
    expect(parse(...entries.map(([kid, key]) => jwk(key, { kid }))).equals(bundle)).toBe(true)
    expect(parse().equals(parse(jwk(keys.RSA)))).toBe(false)
  })

  test('equals one from a document in which other keys cannot be used', () => {
    const { x, y } = keys['P-256'].export({ format: 'jwk' })
    const offCurve = jwk(keys['P-256'], { x: y, y: x })
    const alone = parse(jwk(keys.RSA))
    expect(alone.equals(parse({ ...offCurve, kid: 'b' }, jwk(keys.RSA)))).toBe(true)
    expect(parse(offCurve, jwk(keys.RSA)).equals(alone)).toBe(true)
    expect(parse(jwk(keys.RSA), jwk(otherKey)).equals(alone)).toBe(true)
    expect(parse(offCurve).equals(alone)).toBe(false)
    expect(parse(jwk(otherKey)).equals(alone)).toBe(false)
  })

  test('is written with use and kid, and read back', () => {
    const written = JSON.parse(bundle.marshal())
    expect(Object.keys(written)).toEqual(['keys'])
    expect(written.keys).toEqual(
      Object.entries(keys).map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), use: 'jwt-svid', kid })),
    )
    const read = JWTBundle.parse(ACME, bundle.marshal())
    expect(read.equals(bundle)).toBe(true)
    expect(read.skipped).toEqual([])
    expect(JWTBundle.fromJWTAuthorities(ACME, []).marshal()).toBe('{"keys":[]}')
  })

  test('keeps the algorithm that a key is bound to when it is written', () => {
    const bound = parse(jwk(keys.RSA, { alg: 'PS256' }))
    expect(JWTBundle.parse(ACME, bound.marshal()).equals(bound)).toBe(true)
  })

  test('is the source of its own trust domain alone', () => {
    expect(bundle.getJWTBundle(TrustDomain.parse('acme.internal'))).toBe(bundle)
    expect(bundle.getJWTBundle(TrustDomain.parse('other.example'))).toBeUndefined()
  })

  test('shows trust domain and kid when it is inspected, and no key', () => {
    expect(inspect(bundle)).toBe("JWTBundle(acme.internal, kid: [ 'P-256', 'P-384', 'P-521', 'RSA' ])")
  })
})
