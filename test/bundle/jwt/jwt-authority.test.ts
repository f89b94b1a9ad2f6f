import { expect, test } from 'vitest'
import { JWTBundle } from '../../../src/bundle/index.ts'
import { jwtAuthority } from '../../../src/bundle/jwt/jwt-authority.ts'
import { jwtAuthoritiesOf } from '../../../src/bundle/jwt/jwt-bundle.ts'
import { jwk, jwks, keys, otherKey } from './keys.ts'

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
