import { expect, test } from 'vitest'
import {
  BundleMap,
  JWTBundle,
  JWTBundleSet,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
  X509BundleSet,
} from '../../src/bundle/index.ts'
import { keys } from './jwt/keys.ts'
import { authorities } from './x509/certificates.ts'

const x509Bundle = X509Bundle.fromX509Authorities('td', [authorities.ec, authorities.rsa])
const jwtBundle = JWTBundle.fromJWTAuthorities('td', [['a', keys.RSA]])
const spiffe = SpiffeBundle.from('td', {
  x509Bundle,
  jwtBundle,
  sequenceNumber: 2n ** 64n - 1n,
  refreshHintSeconds: 300,
})

test.each<[string, unknown, string, unknown]>([
  ['X509Bundle', x509Bundle, 'X509Bundle(td, 2 authorities)', { trustDomain: 'td', authorities: 2 }],
  ['JWTBundle', jwtBundle, 'JWTBundle(td, 1 authorities)', { trustDomain: 'td', authorities: 1 }],
  [
    'SpiffeBundle',
    spiffe,
    'SpiffeBundle(td, sequence 18446744073709551615)',
    { trustDomain: 'td', sequenceNumber: '18446744073709551615', x509Authorities: 2, jwtAuthorities: 1 },
  ],
  [
    'SpiffeBundle without a sequence number',
    SpiffeBundle.from('td'),
    'SpiffeBundle(td, sequence unknown)',
    { trustDomain: 'td', x509Authorities: 0, jwtAuthorities: 0 },
  ],
  ['X509BundleSet', X509BundleSet.from([x509Bundle]), 'X509BundleSet(1 trust domains)', { trustDomains: 1 }],
  ['JWTBundleSet', JWTBundleSet.from([]), 'JWTBundleSet(0 trust domains)', { trustDomains: 0 }],
  [
    'SpiffeBundleSet',
    SpiffeBundleSet.from([spiffe]),
    'SpiffeBundleSet(1 trust domains)',
    { trustDomains: 1 },
  ],
  ['BundleMap', BundleMap.from([spiffe]), 'BundleMap(1 trust domains)', { trustDomains: 1 }],
])('%s says in a text and in JSON what it is, and nothing of its keys', (_, value, text, json) => {
  expect(`${value}`).toBe(text)
  expect(JSON.parse(JSON.stringify(value))).toEqual(json)
})
