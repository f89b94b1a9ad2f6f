import { expect, test } from 'vitest'
import { JWTBundle } from '../../../src/bundle/index.ts'
import { assertStrongRSA, jwtAuthority } from '../../../src/bundle/jwt/jwt-authority.ts'
import { jwtAuthoritiesOf } from '../../../src/bundle/jwt/jwt-bundle.ts'
import { refusalOf } from '../refusal.ts'
import { jwk, jwks, keys, modulus, otherKey } from './keys.ts'

test.each(Object.entries(keys))('a key of kind %s is known for that', (kind, key) => {
  expect(jwtAuthority('a', key)).toEqual({ kid: 'a', key, kind, alg: undefined })
})

test('authorities are found by their kind, read from a document or given', () => {
  const given = JWTBundle.fromJWTAuthorities('td', Object.entries(keys))
  const read = JWTBundle.parse('td', jwks(...Object.entries(keys).map(([kid, key]) => jwk(key, { kid }))))
  for (const bundle of [given, read, read.withJWTAuthority('other', otherKey)]) {
    for (const kind of ['RSA', 'P-384', 'P-521'] as const) {
      const found = [...jwtAuthoritiesOf(bundle).ofKind(kind)]
      expect(found.map(({ kid }) => kid)).toEqual([kind])
    }
  }
  const both = jwtAuthoritiesOf(read.withJWTAuthority('other', otherKey)).ofKind('P-256')
  expect([...both].map(({ kid }) => kid)).toEqual(['P-256', 'other'])
})

test('an RSA key without a modulus or without an exponent is a weak one', () => {
  const exponent = Uint8Array.of(1, 0, 1)
  const nothing = new Uint8Array()
  assertStrongRSA('a', modulus(2048), exponent)
  expect(refusalOf(() => assertStrongRSA('a', nothing, exponent)).code).toBe('ERR_SPIFFE_JWK_WEAK_KEY')
  expect(refusalOf(() => assertStrongRSA('a', modulus(2048), nothing)).code).toBe('ERR_SPIFFE_JWK_WEAK_KEY')
})
