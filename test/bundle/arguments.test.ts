import { describe, expect, test } from 'vitest'
import {
  BundleMap,
  JWTBundle,
  JWTBundleSet,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
  X509BundleSet,
} from '../../src/bundle/index.ts'
import { authorities } from './x509/certificates.ts'

const x509 = X509Bundle.fromX509Authorities('td', [authorities.ec])
const jwt = JWTBundle.parse('td', '{"keys":[]}')
const spiffe = SpiffeBundle.from('td', { x509Bundle: x509, jwtBundle: jwt })

/** What TypeScript would not let through. */
const untyped = (value: unknown) => value as never
const mustBe = (what: string, name: string) => new TypeError(`${what} must be of the class ${name}`)

describe('a document', () => {
  const readers: [string, (document: never) => unknown][] = [
    ['JWT bundle', (document) => JWTBundle.parse('td', document)],
    ['SPIFFE bundle', (document) => SpiffeBundle.parse('td', document)],
    ['bundle map', (document) => BundleMap.parse(document)],
  ]
  test.each(readers)('of a %s is a text or bytes', (_, read) => {
    for (const right of ['{"keys":[],"trust_domains":{}}', Buffer.from('{"keys":[],"trust_domains":{}}')]) {
      expect(read(untyped(right))).toBeDefined()
    }
    for (const wrong of [undefined, null, 5, [], {}, { length: 0 }, new ArrayBuffer(0), new Uint16Array()]) {
      expect(() => read(untyped(wrong))).toThrow(new TypeError('a document must be a string or a Uint8Array'))
    }
  })
})

test('an X.509 bundle is read from PEM or from DER, and says which of its readers takes what it was given', () => {
  const { raw, pem } = { raw: x509.marshalRaw(), pem: x509.marshal() }
  expect(X509Bundle.parse('td', pem).equals(X509Bundle.parseRaw('td', raw))).toBe(true)
  expect(() => X509Bundle.parse('td', untyped(raw))).toThrow(
    new TypeError('PEM is a string; parseRaw reads DER'),
  )
  expect(() => X509Bundle.parseRaw('td', untyped(pem))).toThrow(
    new TypeError('DER is a Uint8Array; parse reads PEM'),
  )
  expect(x509.has(pem) && x509.has(raw)).toBe(true)
  expect(() => x509.has(untyped({}))).toThrow(
    new TypeError('an X.509 authority is an X509Certificate, DER as a Uint8Array or PEM as a string'),
  )
})

describe('a SPIFFE bundle', () => {
  test('is made of bundles of their classes', () => {
    expect(SpiffeBundle.from('td', { x509Bundle: x509, jwtBundle: jwt }).isEmpty).toBe(false)
    for (const wrong of [jwt, spiffe, {}, null, { trustDomain: x509.trustDomain }]) {
      expect(() => SpiffeBundle.from('td', { x509Bundle: untyped(wrong) })).toThrow(
        mustBe('x509Bundle', 'X509Bundle'),
      )
    }
    expect(() => SpiffeBundle.from('td', { jwtBundle: untyped(x509) })).toThrow(
      mustBe('jwtBundle', 'JWTBundle'),
    )
    expect(() => spiffe.withX509Bundle(untyped(jwt))).toThrow(mustBe('x509Bundle', 'X509Bundle'))
    expect(() => spiffe.withJWTBundle(untyped(x509))).toThrow(mustBe('jwtBundle', 'JWTBundle'))
  })

  test('keeps the very parts that were checked', () => {
    const answers = [x509, X509Bundle.fromX509Authorities('other.example', [])]
    const parts = Object.defineProperty({}, 'x509Bundle', { get: () => answers.shift() })
    expect(SpiffeBundle.from('td', parts).x509Bundle).toBe(x509)
  })
})

describe('a set', () => {
  const sets = {
    X509Bundle: { from: X509BundleSet.from, own: x509 },
    JWTBundle: { from: JWTBundleSet.from, own: jwt },
    SpiffeBundle: { from: SpiffeBundleSet.from, own: spiffe },
  }
  test.each(Object.entries(sets))('of %s holds bundles of that class alone', (name, { from, own }) => {
    const set = from(untyped([own]))
    expect(set.withBundle(untyped(own)).size).toBe(1)
    const others: unknown[] = [x509, jwt, spiffe].filter((bundle) => bundle !== own)
    for (const wrong of [...others, {}, undefined, { trustDomain: own.trustDomain, equals: () => true }]) {
      expect(() => from(untyped([own, wrong]))).toThrow(mustBe('each bundle of the set', name))
      expect(() => set.withBundle(untyped(wrong))).toThrow(mustBe('the bundle', name))
    }
  })

  test('of a bundle map holds SPIFFE bundles alone', () => {
    expect(BundleMap.from([spiffe]).bundles.size).toBe(1)
    for (const wrong of [x509, undefined]) {
      expect(() => BundleMap.from([untyped(wrong)])).toThrow(mustBe('each bundle of the map', 'SpiffeBundle'))
    }
  })
})

describe('equals', () => {
  const values = {
    X509Bundle: x509,
    JWTBundle: jwt,
    SpiffeBundle: spiffe,
    BundleMap: BundleMap.from([]),
    X509BundleSet: X509BundleSet.from([]),
    JWTBundleSet: JWTBundleSet.from([]),
    SpiffeBundleSet: SpiffeBundleSet.from([]),
  }
  test.each(Object.entries(values))('of %s compares with its own kind alone', (name, value) => {
    expect(value.equals(untyped(value))).toBe(true)
    const others: unknown[] = Object.values(values).filter((other) => other !== value)
    for (const other of [...others, undefined, null, {}]) {
      expect(() => value.equals(untyped(other))).toThrow(mustBe('the other', name))
    }
  })
})
