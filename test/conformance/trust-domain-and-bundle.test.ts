import type { KeyObject, X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  BundleError,
  BundleMap,
  JWTBundle,
  type JWTBundleSource,
  SpiffeBundle,
  SpiffeBundleSet,
  type X509BundleSource,
} from '../../src/bundle/index.ts'
import { jwtsvid, SVIDError, x509svid } from '../../src/svid/index.ts'
import type { X509Context } from '../../src/svid/source.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { WorkloadAPIClient } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { goodClaims, NOW, type Signer, signer, token } from '../support/jwt.ts'
import { type Minted, mintCA, mintLeaf } from '../support/mint.ts'
import * as messages from '../workloadapi/messages.ts'

const VALID = { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2035-01-01T00:00:00Z') }
const ca = (name: string): Minted => mintCA({ subject: `CN=${name}`, key: `p256/${name}`, ...VALID })

const acmeCA = ca('acme')
const nextCA = ca('acme 2')
const partnerCA = ca('partner')
const acmeSigner = signer('ES256', 'acme-1')
const nextSigner = signer('ES256', 'acme-2')
const partnerSigner = signer('ES256', 'partner-1')

const ORDERS = 'spiffe://acme.internal/orders'
const BILLING = 'spiffe://partner.example/billing'

/** The verdict on the X509-SVID that an authority issued: `valid`, or the code of the refusal. */
function x509Verdict(id: string, issuer: Minted, bundles: X509BundleSource): string {
  return verdict(() => x509svid.verify([mintLeaf(id, issuer, VALID).der], bundles, { now: NOW }))
}

/** The verdict on the JWT-SVID that an authority issued. */
async function jwtVerdict(sub: string, issuer: Signer, bundles: JWTBundleSource): Promise<string> {
  const text = token(issuer, { claims: goodClaims({ sub }) })
  try {
    await jwtsvid.parseAndValidate(text, bundles, 'orders', { now: NOW })
    return 'valid'
  } catch (error) {
    return codeOf(error)
  }
}

function verdict(judge: () => unknown): string {
  try {
    judge()
    return 'valid'
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  if (error instanceof BundleError || error instanceof SVIDError) return error.code
  throw error
}

type Members = Readonly<Record<string, unknown>>

function x509Key({ raw, publicKey }: X509Certificate, members: Members = {}): Members {
  const x5c = [raw.toString('base64')]
  return { ...publicKey.export({ format: 'jwk' }), use: 'x509-svid', x5c, ...members }
}

function jwtKey({ kid, publicKey }: { kid: string; publicKey: KeyObject }, members: Members = {}): Members {
  return { ...publicKey.export({ format: 'jwk' }), use: 'jwt-svid', kid, ...members }
}

const acmeX509Key = x509Key(acmeCA.certificate)
const acmeJWTKey = jwtKey(acmeSigner)

/** The text of a SPIFFE bundle document. */
function document(keys: unknown, members: Members = {}): string {
  return JSON.stringify({ keys, ...members })
}

/** The bundle of acme.internal with these keys. */
function acme(...keys: readonly unknown[]): SpiffeBundle {
  return SpiffeBundle.parse('acme.internal', document(keys))
}

/** What of the keys of acme.internal a bundle trusts. */
async function trustIn(bundle: SpiffeBundle): Promise<{ x509: boolean; jwt: boolean }> {
  return {
    x509: x509Verdict(ORDERS, acmeCA, bundle) === 'valid',
    jwt: (await jwtVerdict(ORDERS, acmeSigner, bundle)) === 'valid',
  }
}

const skippedAt = (bundle: SpiffeBundle): readonly unknown[] => bundle.skipped.map(({ at }) => at)

describe('SPIFFE Trust Domain and Bundle', () => {
  it('TB-3-1: a bundle is of the trust domain that it is read for, and judges the SVIDs of that one', async () => {
    const text = document([acmeX509Key, acmeJWTKey])
    expect(await trustIn(SpiffeBundle.parse('acme.internal', text))).toEqual({ x509: true, jwt: true })
    const partner = SpiffeBundle.parse('partner.example', text)
    expect(partner.trustDomain.name).toBe('partner.example')
    expect(x509Verdict(ORDERS, acmeCA, partner)).toBe('ERR_SPIFFE_X509_SVID_NO_BUNDLE')
    expect(await jwtVerdict(ORDERS, acmeSigner, partner)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING')
    expect(() => Reflect.apply(SpiffeBundle.parse, SpiffeBundle, [undefined, text])).toThrow(TypeError)
    expect(text).not.toContain('acme.internal')
  })

  it('TB-3-2: a key that the next bundle leaves out vouches for nothing', async () => {
    const before = SpiffeBundleSet.from([
      acme(acmeX509Key, acmeJWTKey, x509Key(nextCA.certificate), jwtKey(nextSigner)),
    ])
    const after = before.withBundle(acme(x509Key(nextCA.certificate), jwtKey(nextSigner)))
    expect([x509Verdict(ORDERS, acmeCA, before), await jwtVerdict(ORDERS, acmeSigner, before)]).toEqual([
      'valid',
      'valid',
    ])
    expect(x509Verdict(ORDERS, acmeCA, after)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(await jwtVerdict(ORDERS, acmeSigner, after)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
    expect([x509Verdict(ORDERS, nextCA, after), await jwtVerdict(ORDERS, nextSigner, after)]).toEqual([
      'valid',
      'valid',
    ])
  })

  it('TB-4.1-1: members that nobody knows are no obstacle, and none is missed', async () => {
    const unknown = { 'x-note': [{ keys: [] }], issuer: null }
    const keys = [
      { ...acmeX509Key, ...unknown },
      { ...acmeJWTKey, ...unknown, key_ops: ['verify'] },
    ]
    const bundle = SpiffeBundle.parse('acme.internal', document(keys, unknown))
    expect(bundle.skipped).toEqual([])
    expect(await trustIn(bundle)).toEqual({ x509: true, jwt: true })
    expect(await trustIn(acme(acmeX509Key, acmeJWTKey))).toEqual({ x509: true, jwt: true })
  })

  it('TB-4.1.1-1, TB-4.1.2-1: sequence number and refresh hint are written as integers', () => {
    const bundle = acme(acmeX509Key)
      .withSequenceNumber(2n ** 64n - 1n)
      .withRefreshHint(300)
    expect(bundle.marshal()).toMatch(/,"spiffe_sequence":18446744073709551615,"spiffe_refresh_hint":300\}$/)
  })

  it.each(['9007199254740993', '9223372036854775807', '18446744073709551615'])(
    'TB-4.1.1-2, B-48: the sequence number %s comes through whole',
    (text) => {
      const bundle = SpiffeBundle.parse('acme.internal', `{"keys":[],"spiffe_sequence":${text}}`)
      expect(bundle.sequenceNumber).toBe(BigInt(text))
      expect(SpiffeBundle.parse('acme.internal', bundle.marshal()).sequenceNumber).toBe(BigInt(text))
    },
  )

  it.each(['{}', '{"keys":null}', '{"keys":{}}', '{"keys":"[]"}', '{"Keys":[]}', '[]'])(
    'TB-4.1.3-1, B-48: a bundle has an array of keys, so %s is none',
    (text) => {
      const parse = (document: string): string => verdict(() => SpiffeBundle.parse('acme.internal', document))
      expect(parse('{"keys":[]}')).toBe('valid')
      expect(parse(text)).toBe('ERR_SPIFFE_BUNDLE_MALFORMED')
    },
  )

  it.each([
    { kty: 'XYZ' },
    { kty: 'OKP', crv: 'X448', x: 'AAAA' },
    { use: 'foo' },
    { use: 'sig' },
    { use: 'enc' },
    { use: 'wit-svid' },
  ])('TB-4.1.3-2, B-45: a key with %j is ignored, and no other key is', async (members) => {
    const bundle = acme({ ...jwtKey(nextSigner), ...members }, acmeX509Key, acmeJWTKey)
    expect(await jwtVerdict(ORDERS, nextSigner, acme(acmeJWTKey, jwtKey(nextSigner)))).toBe('valid')
    expect(await jwtVerdict(ORDERS, nextSigner, bundle)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
    expect(await trustIn(bundle)).toEqual({ x509: true, jwt: true })
    expect(skippedAt(bundle)).toEqual([0])
  })

  it.each([
    ['no keys', []],
    [
      'only keys that are for nothing known',
      [
        { ...acmeX509Key, use: 'foo' },
        { ...acmeJWTKey, use: undefined },
      ],
    ],
    [
      'only keys of unknown types',
      [
        { ...acmeX509Key, kty: 'XYZ' },
        { ...acmeJWTKey, kty: 'XYZ' },
      ],
    ],
  ])('TB-4.1.3-3, B-25: a bundle with %s takes the trust of the one before it away', async (_, keys) => {
    const before = SpiffeBundleSet.from([acme(acmeX509Key, acmeJWTKey)])
    expect([x509Verdict(ORDERS, acmeCA, before), await jwtVerdict(ORDERS, acmeSigner, before)]).toEqual([
      'valid',
      'valid',
    ])
    const after = before.withBundle(acme(...keys))
    expect(x509Verdict(ORDERS, acmeCA, after)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(await jwtVerdict(ORDERS, acmeSigner, after)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
  })

  it('TB-4.2-1: a key is for the one kind of SVID that it says', async () => {
    const both = { ...x509Key(acmeCA.certificate), kid: 'acme-1' }
    const issuer = { ...acmeSigner, publicKey: acmeCA.certificate.publicKey, privateKey: acmeCA.key }
    const forX509 = acme({ ...both, use: 'x509-svid' })
    expect(x509Verdict(ORDERS, acmeCA, forX509)).toBe('valid')
    expect(await jwtVerdict(ORDERS, issuer, forX509)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
    const forJWT = acme({ ...both, use: 'jwt-svid' })
    expect(await jwtVerdict(ORDERS, issuer, forJWT)).toBe('valid')
    expect(x509Verdict(ORDERS, acmeCA, forJWT)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
  })

  it('TB-4.2-2: a key is written with the members of the standards and no other', () => {
    const { keys } = JSON.parse(
      acme({ ...acmeX509Key, kid: 'a', alg: 'ES256', key_ops: [] }, { ...acmeJWTKey, note: 1 }).marshal(),
    )
    expect(keys.map((key: object) => Object.keys(key).sort())).toEqual([
      ['crv', 'kty', 'use', 'x', 'x5c', 'y'],
      ['crv', 'kid', 'kty', 'use', 'x', 'y'],
    ])
  })

  it.each([undefined, null, '', 'ec', 'XYZ', 1])(
    'TB-4.2.1-1: a key whose type is %j is ignored',
    async (kty) => {
      expect(await trustIn(acme(acmeX509Key, acmeJWTKey))).toEqual({ x509: true, jwt: true })
      const bundle = acme({ ...acmeX509Key, kty }, { ...acmeJWTKey, kty })
      expect(await trustIn(bundle)).toEqual({ x509: false, jwt: false })
      expect(skippedAt(bundle)).toEqual([0, 1])
    },
  )

  it.each([undefined, null, '', 'JWT-SVID', 'X509-SVID', 'jwt_svid', ' jwt-svid', ['jwt-svid']])(
    'TB-4.2.2-1, B-45, B-46: a key whose use is %j is ignored',
    async (use) => {
      expect(await trustIn(acme(acmeX509Key, acmeJWTKey))).toEqual({ x509: true, jwt: true })
      const bundle = acme({ ...acmeX509Key, use }, { ...acmeJWTKey, use })
      expect(await trustIn(bundle)).toEqual({ x509: false, jwt: false })
      expect(skippedAt(bundle)).toEqual([0, 1])
    },
  )

  it.each(['{}', '{"trust_domains":null}', '{"trust_domains":[]}', '{"keys":[]}'])(
    'TB-5.1.1-1: a bundle map has an object of trust domains, so %s is none',
    (text) => {
      expect(BundleMap.parse('{"trust_domains":{}}').bundles.size).toBe(0)
      expect(verdict(() => BundleMap.parse(text))).toBe('ERR_SPIFFE_BUNDLE_MAP_MALFORMED')
    },
  )

  it.each(['spiffe://acme.internal', 'spiffe://acme.internal/orders', 'Acme.internal', 'acme.internal/'])(
    'TB-5.1.1-1, B-49: a bundle map names trust domains by name, so %s costs its entry',
    (name) => {
      const text = document([acmeX509Key])
      const map = BundleMap.parse(`{"trust_domains":{"partner.example":${text},"${name}":${text}}}`)
      expect([...map.bundles].map(({ trustDomain }) => trustDomain.name)).toEqual(['partner.example'])
      expect(map.skipped.map(({ at }) => at)).toEqual([name])
      expect(x509Verdict(ORDERS, acmeCA, map.bundles)).toBe('ERR_SPIFFE_X509_SVID_NO_BUNDLE')
      const valid = BundleMap.parse(`{"trust_domains":{"acme.internal":${text}}}`)
      expect(x509Verdict(ORDERS, acmeCA, valid.bundles)).toBe('valid')
    },
  )

  it.each([
    ['', 'acme.internal'],
    ['in another spelling', '\\u0061cme.internal'],
  ])('TB-5.1.1-2, B-49: a bundle map that names a trust domain twice is refused%s', (_, again) => {
    const map = (second: string): string =>
      `{"trust_domains":{"acme.internal":{"keys":[]},"${second}":{"keys":[]}}}`
    expect(BundleMap.parse(map('partner.example')).bundles.size).toBe(2)
    expect(verdict(() => BundleMap.parse(map(again)))).toBe('ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN')
  })

  it('TB-5.1.1-3, B-49: the refresh hints of the bundles in a map are neither read nor written', () => {
    const bundle = SpiffeBundle.parse('acme.internal', document([], { spiffe_refresh_hint: 1 }))
    expect(bundle.refreshHintSeconds).toBe(1)
    const map = BundleMap.parse(`{"trust_domains":{"acme.internal":${bundle.marshal()}}}`)
    expect(map.bundles.get('acme.internal')?.refreshHintSeconds).toBeUndefined()
    expect(BundleMap.from([bundle]).marshal()).toBe('{"trust_domains":{"acme.internal":{"keys":[]}}}')
  })

  it('TB-6.2-1: an authority that is trusted for its own trust domain vouches for no other', async () => {
    const partner = SpiffeBundle.parse(
      'partner.example',
      document([x509Key(partnerCA.certificate), jwtKey(partnerSigner)]),
    )
    const bundles = SpiffeBundleSet.from([acme(acmeX509Key, acmeJWTKey), partner])
    expect([
      x509Verdict(BILLING, partnerCA, bundles),
      await jwtVerdict(BILLING, partnerSigner, bundles),
    ]).toEqual(['valid', 'valid'])
    expect(x509Verdict(ORDERS, partnerCA, bundles)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(await jwtVerdict(ORDERS, partnerSigner, bundles)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
  })

  it('TB-B.1-1: a bundle map is the state of the world: a trust domain that is not in the next one is gone', () => {
    const acmeBundle = acme(acmeX509Key)
    const map = BundleMap.parse(BundleMap.from([acmeBundle, SpiffeBundle.from('partner.example')]).marshal())
    expect(x509Verdict(ORDERS, acmeCA, map.bundles)).toBe('valid')
    const next = BundleMap.parse(BundleMap.from([SpiffeBundle.from('partner.example')]).marshal())
    expect(x509Verdict(ORDERS, acmeCA, next.bundles)).toBe('ERR_SPIFFE_X509_SVID_NO_BUNDLE')
  })
})

describe('X509-SVID in a bundle', () => {
  it('XS-6.1-1: an authority is written for X509-SVIDs, with one certificate and without a kid', () => {
    const { keys } = JSON.parse(acme({ ...acmeX509Key, kid: 'a' }).marshal())
    expect(keys).toEqual([acmeX509Key])
  })

  it.each([undefined, null, [], 'MII', [''], ['*'], [1]])(
    'XS-6.2-1, B-45: a key whose x5c is %j is ignored, and no other key is',
    async (x5c) => {
      const bundle = acme(x509Key(nextCA.certificate, { x5c }), acmeX509Key, acmeJWTKey)
      expect(x509Verdict(ORDERS, nextCA, acme(x509Key(nextCA.certificate)))).toBe('valid')
      expect(x509Verdict(ORDERS, nextCA, bundle)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
      expect(await trustIn(bundle)).toEqual({ x509: true, jwt: true })
      expect(skippedAt(bundle)).toEqual([0])
    },
  )

  it('XS-6.2-2: only the first certificate of x5c is an authority, be the others authorities or garbage', () => {
    const [own = ''] = [acmeCA.certificate.raw.toString('base64')]
    for (const second of [nextCA.certificate.raw.toString('base64'), 'garbage', 1]) {
      const bundle = acme({ ...acmeX509Key, x5c: [own, second] })
      expect(bundle.x509Bundle.rawX509Authorities).toHaveLength(1)
      expect(x509Verdict(ORDERS, acmeCA, bundle)).toBe('valid')
      expect(x509Verdict(ORDERS, nextCA, bundle)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    }
  })

  it('XS-6.2-3: the authorities are those of all keys, and without one there are no X509-SVIDs', () => {
    const two = acme(acmeX509Key, acmeJWTKey, x509Key(nextCA.certificate))
    expect([x509Verdict(ORDERS, acmeCA, two), x509Verdict(ORDERS, nextCA, two)]).toEqual(['valid', 'valid'])
    const none = acme(acmeJWTKey)
    expect([two.x509Bundle.isEmpty, none.x509Bundle.isEmpty]).toEqual([false, true])
    expect(x509Verdict(ORDERS, acmeCA, none)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
  })
})

describe('JWT-SVID in a bundle', () => {
  it('JS-6.1-1: an authority is written for JWT-SVIDs, with its kid', () => {
    expect(JSON.parse(acme(acmeJWTKey).marshal()).keys).toEqual([acmeJWTKey])
    expect(JSON.parse(acme(acmeJWTKey).jwtBundle.marshal()).keys).toEqual([acmeJWTKey])
  })

  it.each(['x509-svid', 'wit-svid', undefined])(
    'JS-6.2-1: a key of a SPIFFE bundle whose use is %j verifies no token',
    async (use) => {
      expect(await jwtVerdict(ORDERS, nextSigner, acme(acmeJWTKey, jwtKey(nextSigner)))).toBe('valid')
      const bundle = acme(acmeJWTKey, jwtKey(nextSigner, { use, x5c: acmeX509Key['x5c'] }))
      expect(await jwtVerdict(ORDERS, nextSigner, bundle)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
    },
  )

  it('JS-6.2-2: without an authority there are no JWT-SVIDs, which has an error of its own', async () => {
    expect(await jwtVerdict(ORDERS, acmeSigner, acme(acmeJWTKey))).toBe('valid')
    expect(await jwtVerdict(ORDERS, acmeSigner, acme(acmeX509Key))).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
  })
})

describe('lessons of other libraries', () => {
  const workloadJWKS = (...keys: readonly unknown[]): JWTBundle =>
    JWTBundle.parse('acme.internal', document(keys))
  const plain = (of: Signer): Members => jwtKey(of, { use: undefined })

  it('B-45: how many keys were skipped is known, and why', () => {
    const bundle = acme(
      { kty: 'XYZ', use: 'jwt-svid' },
      acmeX509Key,
      { use: 'x509-svid', kty: 'EC', x5c: [] },
      5,
    )
    const codes = bundle.skipped.map(({ at, error }) => [at, error.code])
    expect(new Map(codes.map(([at, code]) => [at, code]))).toEqual(
      new Map<unknown, string>([
        [0, 'ERR_SPIFFE_JWK_KID_MISSING'],
        [2, 'ERR_SPIFFE_JWK_X5C_MISSING'],
        [3, 'ERR_SPIFFE_JWK_MALFORMED'],
      ]),
    )
  })

  it('B-46: a JWK Set of the Workload API has keys with use jwt-svid, or keys without any use', async () => {
    expect(await jwtVerdict(ORDERS, acmeSigner, workloadJWKS(plain(acmeSigner)))).toBe('valid')
    expect(await jwtVerdict(ORDERS, acmeSigner, workloadJWKS(acmeJWTKey))).toBe('valid')
    expect(await jwtVerdict(ORDERS, acmeSigner, workloadJWKS(plain(acmeSigner), jwtKey(nextSigner)))).toBe(
      'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
    )
    expect(await jwtVerdict(ORDERS, acmeSigner, acme(plain(acmeSigner)))).toBe(
      'ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY',
    )
  })

  it('B-47: a key without a kid verifies nothing and costs no other', async () => {
    const bundle = workloadJWKS({ ...plain(nextSigner), kid: undefined }, plain(acmeSigner))
    expect(await jwtVerdict(ORDERS, acmeSigner, bundle)).toBe('valid')
    expect(bundle.jwtAuthorities.size).toBe(1)
    expect(bundle.skipped).toHaveLength(1)
  })

  it.each(['-1', '0', '1.5', '"300"', 'null', '1e400'])(
    'B-48: the refresh hint %s counts as absent',
    (text) => {
      const read = (hint: string): SpiffeBundle =>
        SpiffeBundle.parse('acme.internal', `{"keys":[],"spiffe_refresh_hint":${hint}}`)
      expect(read('300')).toMatchObject({ refreshHintSeconds: 300, skipped: [] })
      expect(read(text).refreshHintSeconds).toBeUndefined()
      expect(skippedAt(read(text))).toEqual(['spiffe_refresh_hint'])
    },
  )

  it('B-49: a broken bundle in a bundle map costs its trust domain alone', () => {
    const map = BundleMap.parse(
      `{"trust_domains":{"acme.internal":${document([acmeX509Key])},"partner.example":{}}}`,
    )
    expect(x509Verdict(ORDERS, acmeCA, map.bundles)).toBe('valid')
    expect(map.bundles.has('partner.example')).toBe(false)
    expect(map.skipped.map(({ at }) => at)).toEqual(['partner.example'])
  })

  describe('what the Workload API sends', () => {
    const { acme: ourCA, partner } = messages
    let api: FakeWorkloadAPI
    let client: WorkloadAPIClient

    beforeEach(async () => {
      api = await FakeWorkloadAPI.start()
      client = WorkloadAPIClient.create({ address: api.address, clock: new ManualClock(messages.NOW) })
    })
    afterEach(async () => {
      await client.close()
      api.close()
    })

    /** The contexts that a fetch and a watch give for the same message, and what they report. */
    async function contexts(
      federatedBundles: Record<string, Uint8Array>,
    ): Promise<[X509Context[], unknown[]]> {
      const reports: unknown[] = []
      const onError = (error: Error): number => reports.push(error)
      api.on('fetchX509SVID', (call) => call.send(messages.x509Response(undefined, federatedBundles)))
      const fetched = await client.fetchX509Context()
      for await (const watched of client.watchX509Context({ onError })) return [[fetched, watched], reports]
      return [[fetched], reports]
    }

    it('B-51: the bundle of a federated trust domain is there after a fetch as after a watch', async () => {
      const [both] = await contexts({ 'spiffe://partner.example': partner.der })
      expect(both).toHaveLength(2)
      for (const { bundles } of both) {
        expect(bundles.get('partner.example')?.has(partner.der)).toBe(true)
        expect(bundles.get('acme.internal')?.has(ourCA.der)).toBe(true)
        expect(bundles.size).toBe(2)
      }
      const [alone] = await contexts({})
      for (const { bundles } of alone) expect(bundles.size).toBe(1)
    })

    it('B-52: a federated bundle for our own trust domain does not take the place of ours, and is reported', async () => {
      const [both, reports] = await contexts({
        'spiffe://acme.internal': partner.der,
        'spiffe://partner.example': partner.der,
      })
      expect(both).toHaveLength(2)
      for (const { bundles } of both) {
        expect(bundles.get('acme.internal')?.has(ourCA.der)).toBe(true)
        expect(bundles.get('acme.internal')?.has(partner.der)).toBe(false)
        expect(bundles.get('partner.example')?.has(partner.der)).toBe(true)
      }
      expect(reports).toHaveLength(1)
    })

    it('B-53: no bytes at all are a bundle that trusts nothing', async () => {
      const [both, reports] = await contexts({ 'spiffe://partner.example': new Uint8Array() })
      for (const { bundles } of both) expect(bundles.get('partner.example')?.isEmpty).toBe(true)
      expect(reports).toEqual([])

      const jwks = { 'spiffe://acme.internal': messages.jwks(), 'spiffe://partner.example': new Uint8Array() }
      api.on('fetchJWTBundles', (call) => call.send(messages.jwtBundlesResponse(jwks)))
      const bundles = await client.fetchJWTBundles()
      expect(bundles.get('acme.internal')?.isEmpty).toBe(false)
      expect(bundles.get('partner.example')?.isEmpty).toBe(true)
    })
  })
})
