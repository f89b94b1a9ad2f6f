import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BundleMap, JWTBundle, SpiffeBundle, X509Bundle } from '../../src/bundle/index.ts'
import { jwtAuthoritiesOf } from '../../src/bundle/jwt/jwt-bundle.ts'
import { SpiffeError } from '../../src/errors.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { jwk, keys, otherKey } from './jwt/keys.ts'
import { jwtKey, x509Key } from './spiffe/documents.ts'
import { authorities, concatenated, otherAuthority } from './x509/certificates.ts'

const TD = 'acme.internal'
const goodJWK = jwk(otherKey, { kid: 'good' })
const goodElements = [jwtKey('good', otherKey), x509Key(otherAuthority)]

/** Values that members have in documents that somebody got wrong, or made so. */
const strangeValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    'EC',
    'RSA',
    'OKP',
    'oct',
    'P-256',
    'P-384',
    'jwt-svid',
    'x509-svid',
    'AQ',
    'AQAB',
    'AA',
    '',
  ),
)
const memberName = fc.constantFrom(
  'kty',
  'use',
  'kid',
  'alg',
  'crv',
  'x',
  'y',
  'n',
  'e',
  'd',
  'k',
  'x5c',
  'key_ops',
  '__proto__',
)

/** Elements that are good, or good but for some members. */
const element = fc
  .tuple(
    fc.constantFrom(
      ...Object.values(keys).map((key) => jwk(key)),
      ...Object.values(keys).map((key) => jwtKey('a', key)),
      ...Object.values(authorities).map((certificate) => x509Key(certificate)),
    ),
    fc.dictionary(memberName, fc.oneof(strangeValue, fc.constant(undefined)), { maxKeys: 3 }),
  )
  .map(([good, changes]) => ({ ...good, ...changes }))

const anyElement = fc.oneof({ weight: 3, arbitrary: element }, { weight: 1, arbitrary: strangeValue })

/** A text with some of its characters replaced, left out or doubled. */
function mangled(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', '0', '\u0000', 'é'),
  )
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([whole, edits]) =>
    edits.reduce((part, [at, length, put]) => {
      const start = at % (part.length + 1)
      return part.slice(0, start) + put + part.slice(start + length)
    }, whole),
  )
}

/** What a reader gives, or `undefined` where it refuses; everything else that it may throw fails the test. */
function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(SpiffeError)
    return undefined
  }
}

/** Everything that can be asked of a JWT bundle, which makes all of its keys; each must be one to verify with. */
function assertSoundJWT(bundle: JWTBundle): void {
  for (const [kid, key] of bundle.jwtAuthorities) {
    expect(kid).not.toBe('')
    expect(key.type).toBe('public')
    expect(jwtAuthoritiesOf(bundle).get(kid)?.kind).toBeDefined()
    const { modulusLength = 2048, publicExponent = 3n } = key.asymmetricKeyDetails ?? {}
    expect(modulusLength).toBeGreaterThanOrEqual(2048)
    expect(publicExponent >= 3n && publicExponent % 2n === 1n).toBe(true)
  }
  expect(JWTBundle.parse(TD, bundle.marshal()).equals(bundle)).toBe(true)
}

test('no element of a JWK Set, whatever it is, costs a good one, and each that counts is a sound key', () => {
  fc.assert(
    fc.property(fc.array(anyElement, { maxLength: 3 }), (elements) => {
      const withoutUse = elements.map((one) =>
        typeof one === 'object' && one !== null && !Array.isArray(one) ? { ...one, use: undefined } : one,
      )
      const bundle = JWTBundle.parse(TD, JSON.stringify({ keys: [...withoutUse, goodJWK] }))
      assertSoundJWT(bundle)
      if (!JSON.stringify(elements).includes('"good"'))
        expect(bundle.findJWTAuthority('good')?.equals(otherKey)).toBe(true)
      expect(bundle.skipped.length + bundle.jwtAuthorities.size).toBe(elements.length + 1)
    }),
    fuzzRuns(0.2),
  )
})

test('no element of a SPIFFE bundle, whatever it is, costs a good one', () => {
  fc.assert(
    fc.property(fc.array(anyElement, { maxLength: 3 }), (elements) => {
      const bundle = SpiffeBundle.parse(TD, JSON.stringify({ keys: [...elements, ...goodElements] }))
      assertSoundJWT(bundle.jwtBundle)
      expect(bundle.jwtBundle.has('good')).toBe(true)
      expect(bundle.x509Bundle.has(otherAuthority)).toBe(true)
      expect(SpiffeBundle.parse(TD, bundle.marshal()).equals(bundle)).toBe(true)
    }),
    fuzzRuns(0.2),
  )
})

test('of a text that is no document nothing comes but a refusal', () => {
  const text = fc
    .array(anyElement, { maxLength: 2 })
    .map((elements) => JSON.stringify({ keys: [...elements, ...goodElements] }))
  fc.assert(
    fc.property(fc.oneof(mangled(text), fc.string({ unit: 'binary' }), fc.json()), (document) => {
      unlessRefused(() => assertSoundJWT(JWTBundle.parse(TD, document)))
      unlessRefused(() => SpiffeBundle.parse(TD, document).skipped)
      unlessRefused(() => BundleMap.parse(`{"trust_domains":{"${TD}":${document}}}`).skipped)
      unlessRefused(() => BundleMap.parse(document).skipped)
    }),
    fuzzRuns(0.2),
  )
})

test('of bytes that are no document nothing comes but a refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      unlessRefused(() => JWTBundle.parse(TD, bytes).skipped)
      unlessRefused(() => SpiffeBundle.parse(TD, bytes).skipped)
      unlessRefused(() => BundleMap.parse(bytes).skipped)
      unlessRefused(() => X509Bundle.parseRaw(TD, bytes))
    }),
    fuzzRuns(0.4),
  )
})

test('of mangled certificates comes a refusal, or a bundle of the very bytes', () => {
  const der = concatenated(...Object.values(authorities))
  fc.assert(
    fc.property(
      fc.nat({ max: der.length - 1 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: der.length }),
      (at, byte, end) => {
        const mutant = Uint8Array.from(der)
        mutant[at] = byte
        for (const bytes of [mutant, mutant.subarray(0, end)]) {
          const bundle = unlessRefused(() => X509Bundle.parseRaw(TD, bytes))
          if (bundle !== undefined) expect([...bundle.marshalRaw()]).toEqual([...bytes])
        }
      },
    ),
    fuzzRuns(0.2),
  )
})

test('of mangled PEM comes a refusal, or a bundle that comes back from its own PEM', () => {
  const pem = fc.constant(Object.values(authorities).map(String).join(''))
  fc.assert(
    fc.property(mangled(pem), (text) => {
      const bundle = unlessRefused(() => X509Bundle.parse(TD, text))
      if (bundle !== undefined) expect(X509Bundle.parse(TD, bundle.marshal()).equals(bundle)).toBe(true)
    }),
    fuzzRuns(0.2),
  )
})
