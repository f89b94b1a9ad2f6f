import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { BundleSet } from '../../src/bundle/bundle-set.ts'
import {
  JWTBundle,
  JWTBundleSet,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
  X509BundleSet,
} from '../../src/bundle/index.ts'
import { SpiffeIDError, TrustDomain } from '../../src/spiffeid/index.ts'
import { keys } from './jwt/keys.ts'
import { refusalOf } from './refusal.ts'
import { authorities } from './x509/certificates.ts'

const A = TrustDomain.parse('a.example')
const B = TrustDomain.parse('b.example')
const C = TrustDomain.parse('c.example')

const x509 = (trustDomain: TrustDomain): X509Bundle =>
  X509Bundle.fromX509Authorities(trustDomain, [authorities.ec])
const jwt = (trustDomain: TrustDomain): JWTBundle =>
  JWTBundle.fromJWTAuthorities(trustDomain, [['a', keys.RSA]])
const spiffe = (trustDomain: TrustDomain): SpiffeBundle =>
  SpiffeBundle.from(trustDomain, { x509Bundle: x509(trustDomain), jwtBundle: jwt(trustDomain) })

interface Bundle<Self> {
  readonly trustDomain: TrustDomain
  equals(other: Self): boolean
}

/** What holds for every kind of set, whatever its bundles are. */
function describeSet<One extends Bundle<One>, Set extends BundleSet<One, Set>>(
  name: string,
  from: (bundles: Iterable<One>) => Set,
  bundle: (trustDomain: TrustDomain) => One,
  emptyBundle: (trustDomain: TrustDomain) => One,
): void {
  describe(name, () => {
    test('has one bundle for each trust domain, and lists them by name', () => {
      const set = from([bundle(C), bundle(A), bundle(B)])
      expect(set.size).toBe(3)
      for (let times = 0; times < 2; times++) {
        expect([...set].map(({ trustDomain }) => trustDomain.name)).toEqual([
          'a.example',
          'b.example',
          'c.example',
        ])
      }
      expect(from([]).size).toBe(0)
      expect([...from([])]).toEqual([])
    })

    test('finds a bundle by trust domain and by name, and no other', () => {
      const ours = bundle(A)
      const set = from([ours, emptyBundle(B)])
      expect(set.get(A)).toBe(ours)
      expect(set.get('a.example')).toBe(ours)
      expect(set.has(A)).toBe(true)
      expect(set.has('b.example')).toBe(true)
      expect(set.get(C)).toBeUndefined()
      expect(set.get('c.example')).toBeUndefined()
      expect(set.has(C)).toBe(false)
    })

    test('refuses a name that is none', () => {
      const set = from([bundle(A)])
      for (const wrong of ['A.example', '']) {
        expect(() => set.get(wrong)).toThrow(SpiffeIDError)
        expect(() => set.has(wrong)).toThrow(SpiffeIDError)
        expect(() => set.withoutBundle(wrong)).toThrow(SpiffeIDError)
      }
    })

    test('refuses two bundles for one trust domain, also equal ones', () => {
      expect(from([bundle(A), bundle(B)]).size).toBe(2)
      expect(refusalOf(() => from([bundle(A), bundle(B), bundle(A)]))).toMatchObject({
        code: 'ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN',
        spiffeID: 'spiffe://a.example',
      })
    })

    test('changes into another set', () => {
      const set = from([bundle(A), bundle(B)])
      expect(set.withBundle(emptyBundle(B)).get(B)?.equals(emptyBundle(B))).toBe(true)
      expect(set.withBundle(bundle(C)).size).toBe(3)
      expect(set.withoutBundle('a.example').has(A)).toBe(false)
      expect(set.withoutBundle(C).equals(set)).toBe(true)
      expect(set.size).toBe(2)
      expect(set.get(B)?.equals(bundle(B))).toBe(true)
      expect(Object.isFrozen(set)).toBe(true)
    })

    test('equals one with equal bundles', () => {
      const set = from([bundle(A), bundle(B)])
      expect(set.equals(from([bundle(B), bundle(A)]))).toBe(true)
      expect(set.equals(from([bundle(A)]))).toBe(false)
      expect(from([bundle(A)]).equals(set)).toBe(false)
      expect(set.equals(from([bundle(A), bundle(C)]))).toBe(false)
      expect(set.equals(from([bundle(A), emptyBundle(B)]))).toBe(false)
    })

    test('shows its size when it is inspected', () => {
      expect(inspect(from([bundle(A), bundle(B)]))).toBe(`${name}(2 trust domains)`)
    })
  })
}

describeSet('X509BundleSet', X509BundleSet.from, x509, (td) => X509Bundle.fromX509Authorities(td, []))
describeSet('JWTBundleSet', JWTBundleSet.from, jwt, (td) => JWTBundle.fromJWTAuthorities(td, []))
describeSet('SpiffeBundleSet', SpiffeBundleSet.from, spiffe, (td) => SpiffeBundle.from(td))

describe('a set as a source', () => {
  test('of X.509 bundles gives the one of the trust domain that is asked for, and all of them', () => {
    const ours = x509(A)
    const set = X509BundleSet.from([x509(B), ours])
    expect(set.getX509Bundle(A)).toBe(ours)
    expect(set.getX509Bundle(C)).toBeUndefined()
    expect([...set.getX509Bundles()].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'a.example',
      'b.example',
    ])
    expect(set.onChange(() => expect.unreachable())()).toBeUndefined()
  })

  test('of JWT bundles gives the one of the trust domain that is asked for', () => {
    const ours = jwt(A)
    const set = JWTBundleSet.from([ours])
    expect(set.getJWTBundle(A)).toBe(ours)
    expect(set.getJWTBundle(B)).toBeUndefined()
  })

  test('of SPIFFE bundles gives both kinds', () => {
    const ours = spiffe(A)
    const set = SpiffeBundleSet.from([spiffe(B), ours])
    expect(set.getX509Bundle(A)).toBe(ours.x509Bundle)
    expect(set.getJWTBundle(A)).toBe(ours.jwtBundle)
    expect(set.getX509Bundle(C)).toBeUndefined()
    expect(set.getJWTBundle(C)).toBeUndefined()
    expect([...set.getX509Bundles()].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'a.example',
      'b.example',
    ])
    expect(set.onChange(() => expect.unreachable())()).toBeUndefined()
  })
})
