import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import { parseAndValidate } from '../../src/svid/jwt/index.ts'
import { verify } from '../../src/svid/x509/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { BundleSource, JWTSource, WorkloadAPIClient, X509Source } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { signer, token } from '../support/jwt.ts'
import { mintLeaf } from '../support/mint.ts'
import {
  acme,
  HOUR_MS,
  inMs,
  jwks,
  jwt,
  jwtBundlesResponse,
  NOW,
  ORDERS,
  partner,
  type X509Content,
  x509Response,
  x509SVID,
} from '../workloadapi/messages.ts'
import { codeOf, codeThrown, eventually, rejection } from '../workloadapi/support.ts'

const OTHER = 'spiffe://acme.internal/other'
const FIELD_EMPTY = 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'

let api: FakeWorkloadAPI
let clock: ManualClock
let client: WorkloadAPIClient
let errors: SpiffeError[]
let x509: Incoming<'fetchX509SVID'>
let x509Bundles: Incoming<'fetchX509Bundles'>
let jwtBundles: Incoming<'fetchJWTBundles'>
const open: AsyncDisposable[] = []

const onError = (error: SpiffeError): void => {
  errors.push(error)
}

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  client = WorkloadAPIClient.create({ address: api.address, clock })
  errors = []
  api.on('fetchX509SVID', (call) => {
    x509 = call
    call.send(x509Response([x509SVID()], { 'spiffe://partner': partner.der }))
  })
  api.on('fetchX509Bundles', (call) => {
    x509Bundles = call
    call.send(bothBundles)
  })
  api.on('fetchJWTBundles', (call) => {
    jwtBundles = call
    call.send(jwtBundlesResponse({ 'spiffe://acme.internal': jwks(), 'spiffe://partner': jwks('p') }))
  })
})

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  await client.close()
  api.close()
})

const bothBundles = {
  bundles: new Map([
    ['spiffe://acme.internal', acme.der],
    ['spiffe://partner', partner.der],
  ]),
  crl: [],
}

async function x509Source(): Promise<X509Source> {
  const source = await X509Source.create({ client, onError })
  open.push(source)
  return source
}

async function jwtSource(): Promise<JWTSource> {
  const source = await JWTSource.create({ client, onError })
  open.push(source)
  return source
}

/** Has the source take a message. */
async function deliver(source: X509Source, message: X509Content): Promise<void> {
  const update = source.waitForUpdate()
  x509.send(message)
  await update
}

function peerOf(id: string, issuer = acme): readonly Uint8Array[] {
  return [mintLeaf(id, issuer, { notBefore: NOW, notAfter: inMs(HOUR_MS) }).der]
}

describe('Workload API §1 and §4, profiles and streams', () => {
  it('WA-1-1 a profile that is disabled costs nothing of the other', async () => {
    api.on('fetchJWTBundles', (call) => call.fail(status.UNIMPLEMENTED))
    const source = await x509Source()
    expect(await codeOf(JWTSource.create({ client, onError }))).toBe('ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED')
    await deliver(source, x509Response([x509SVID({}, { id: OTHER })]))
    expect(source.health()).toMatchObject({ healthy: true, connected: true })
  })

  it('WA-4.2-1 a stream that the server ends is opened again at once, and then not in a circle', async () => {
    const source = await x509Source()
    clock.advance(60_000)
    x509.end()
    await eventually(() => clock.nextDueMs === 0)
    clock.advance(0)
    await eventually(() => api.attempts('fetchX509SVID') === 2 && source.health().connected)
    x509.end()
    await eventually(() => clock.nextDueMs === 1_000)
    expect(api.attempts('fetchX509SVID')).toBe(2)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(errors).toEqual([])
  })

  it('WA-4.4-1 an empty field takes the place of what was in it before', async () => {
    api.on('fetchX509SVID', (call) => {
      x509 = call
      call.send(x509Response([x509SVID({ hint: 'public' })], { 'spiffe://partner': partner.der }))
    })
    const source = await x509Source()
    await deliver(source, x509Response())
    expect(source.getX509SVID().hint).toBe(undefined)
    expect(source.getX509Bundle('partner')).toBe(undefined)
    await deliver(source, x509Response([x509SVID()], { 'spiffe://partner': new Uint8Array() }))
    expect(source.getX509Bundle('partner')?.isEmpty).toBe(true)
  })

  it('WA-4.4-2 what the newest message leaves out is used no longer', async () => {
    const source = await x509Source()
    const [partnersLeaf] = peerOf('spiffe://partner/billing', partner)
    const chain = [partnersLeaf ?? new Uint8Array()]
    expect(verify(chain, source, { now: NOW }).id.uri).toBe('spiffe://partner/billing')
    await deliver(source, x509Response([x509SVID({}, { id: OTHER })]))
    expect(codeThrown(() => verify(chain, source, { now: NOW }))).toMatch(/ERR_SPIFFE/)
    expect(source.snapshot().svids.map(({ id }) => id.uri)).toEqual([OTHER])
  })

  it.each([
    ['svids', x509Response([])],
    ['spiffe_id', x509Response([x509SVID({ spiffeID: '' })])],
    ['x509_svid', x509Response([x509SVID({ x509SVID: new Uint8Array() })])],
    ['x509_svid_key', x509Response([x509SVID({ x509SVIDKey: new Uint8Array() })])],
    ['bundle', x509Response([x509SVID({ bundle: new Uint8Array() })])],
  ])(
    'WA-4.5-2 WA-5.2.1-2 a message without %s is reported and discarded, and what was held stays',
    async (_, message) => {
      const source = await x509Source()
      const before = source.snapshot()
      x509.send(message)
      await eventually(() => errors.length === 1)
      expect(errors[0]?.code).toBe(FIELD_EMPTY)
      expect(source.snapshot()).toBe(before)
      await deliver(source, x509Response([x509SVID({}, { id: OTHER })]))
      expect(source.getX509SVID().id.uri).toBe(OTHER)
    },
  )

  it('WA-4.5-2 so are messages without bundles', async () => {
    const source = await BundleSource.create({ client, onError })
    open.push(source)
    x509Bundles.send({ bundles: new Map(), crl: [] })
    jwtBundles.send({ bundles: new Map() })
    await eventually(() => errors.length === 2)
    expect(errors.map(({ code }) => code)).toEqual([FIELD_EMPTY, FIELD_EMPTY])
    expect([...source.getX509Bundles()]).toHaveLength(2)
    expect([...source.getJWTBundles()]).toHaveLength(2)
  })

  it('WA-4.6-1 a peer is verified with the bundle of its own trust domain alone', async () => {
    const source = await x509Source()
    const verdict = (chain: readonly Uint8Array[]): string =>
      codeThrown(() => verify(chain, source, { now: NOW })) ?? 'trusted'
    expect(verdict(peerOf(ORDERS, acme))).toBe('trusted')
    expect(verdict(peerOf('spiffe://partner/x', partner))).toBe('trusted')
    expect(verdict(peerOf(ORDERS, partner))).toMatch(/ERR_SPIFFE/)
    expect(verdict(peerOf('spiffe://partner/x', acme))).toMatch(/ERR_SPIFFE/)
    expect(verdict(peerOf('spiffe://stranger/x', acme))).toMatch(/ERR_SPIFFE/)
  })
})

describe('Workload API §5, X.509 profile', () => {
  it('WA-5.2.1-1 WA-6.2.2-2 X.509 bundles authenticate X509-SVIDs, JWT bundles JWT-SVIDs, and neither the other', async () => {
    api.on('fetchX509Bundles', (call) =>
      call.send({ bundles: new Map([['spiffe://partner', partner.der]]), crl: [] }),
    )
    api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
    const source = await BundleSource.create({ client })
    open.push(source)
    const partners = token(signer('ES256', 'p'), {
      claims: { sub: 'spiffe://partner/x', aud: ['billing'], exp: NOW.getTime() / 1000 + 60 },
    })
    const validate = (jws: string): Promise<unknown> =>
      parseAndValidate(jws, source, ['billing'], { now: NOW })
    expect(await validate(jwt())).toMatchObject({ audience: ['billing'] })
    expect(await rejection(validate(partners))).toBeInstanceOf(Error)
    expect(verify(peerOf('spiffe://partner/x', partner), source, { now: NOW }).id.path).toBe('/x')
    expect(codeThrown(() => verify(peerOf(ORDERS), source, { now: NOW }))).toMatch(/ERR_SPIFFE/)
  })

  it('WA-5.2.1-3 of SVIDs with one hint the first counts, and those without a hint all do', async () => {
    const source = await x509Source()
    await deliver(
      source,
      x509Response([
        x509SVID({ hint: 'a' }),
        x509SVID({ hint: 'a' }, { id: OTHER }),
        x509SVID(),
        x509SVID({}, { id: OTHER }),
      ]),
    )
    const { svids } = source.snapshot()
    expect(svids.filter(({ hint }) => hint === 'a').map(({ id }) => id.uri)).toEqual([ORDERS])
    expect(svids.filter(({ hint }) => hint === undefined).map(({ id }) => id.uri)).toEqual([ORDERS, OTHER])
  })

  it('WA-5.2.1-4 WA-A-1 who is entitled to nothing asks again after a backoff, which is exponential', async () => {
    api.on('fetchX509SVID', (call) => call.fail(status.PERMISSION_DENIED))
    const creating = rejection(X509Source.create({ client, onError, timeoutMs: 60_000 }))
    const pauses: number[] = []
    for (let failures = 1; failures <= 3; failures++) {
      await eventually(() => errors.length === failures)
      pauses.push(clock.nextDueMs ?? 0)
      clock.advance(clock.nextDueMs ?? 0)
    }
    await eventually(() => errors.length === 4)
    const [first = 0, second = 0, third = 0] = pauses
    expect(first).toBeGreaterThanOrEqual(1_000)
    expect(first).toBeLessThanOrEqual(2_000)
    expect(second).toBeGreaterThanOrEqual(2_000)
    expect(second).toBeLessThanOrEqual(4_000)
    expect(third).toBeGreaterThanOrEqual(4_000)
    expect(third).toBeLessThanOrEqual(8_000)
    clock.advance(60_000)
    expect(await creating).toMatchObject({ code: 'ERR_SPIFFE_SOURCE_TIMEOUT' })
  })

  it('WA-A-1 a lost connection leads to a backoff, and a refused request is a fault', async () => {
    const watch = client.watchX509Context({ onError })
    await watch.next()
    const next = watch.next()
    x509.fail(status.UNAVAILABLE)
    await eventually(() => errors.length === 1)
    expect(clock.nextDueMs).toBeGreaterThanOrEqual(200)
    api.on('fetchX509SVID', (call) => call.fail(status.INVALID_ARGUMENT))
    clock.advance(400)
    expect(await codeOf(next)).toBe('ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT')
    expect(clock.pending).toBe(0)
  })

  it('WA-5.2.1-5 SVIDs that are withdrawn are used no longer: all of them by PermissionDenied, or one by omission', async () => {
    const source = await x509Source()
    await deliver(source, x509Response([x509SVID(), x509SVID({}, { id: OTHER })]))
    await deliver(source, x509Response([x509SVID({}, { id: OTHER })]))
    expect(source.snapshot().svids.map(({ id }) => id.uri)).toEqual([OTHER])

    x509.fail(status.PERMISSION_DENIED)
    await eventually(() => errors.length === 1)
    for (const get of [
      () => source.snapshot(),
      () => source.getX509SVID(),
      () => source.getX509Bundle('acme.internal'),
      () => source.getX509Bundles(),
    ]) {
      expect(codeThrown(get)).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    }
    clock.advance(clock.nextDueMs ?? 0)
    await eventually(() => source.health().state === 'serving')
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
  })

  it('WA-5.2.1-5 an agent that is away withdraws nothing', async () => {
    const source = await x509Source()
    x509.fail(status.UNAVAILABLE)
    await eventually(() => errors.length === 1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
  })

  it('WA-5.2.1-5 PermissionDenied is a withdrawal also after a reconnect', async () => {
    const source = await x509Source()
    x509.fail(status.UNAVAILABLE)
    await eventually(() => errors.length === 1)
    api.on('fetchX509SVID', (call) => call.fail(status.PERMISSION_DENIED))
    clock.advance(400)
    await eventually(() => errors.length === 2)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
  })

  it('WA-5.2.2-2 bundles that are withdrawn are used no longer: all of them by PermissionDenied, or one by omission', async () => {
    const source = await BundleSource.create({ client, onError })
    open.push(source)
    x509Bundles.send({ bundles: new Map([['spiffe://acme.internal', acme.der]]), crl: [] })
    await eventually(() => source.getX509Bundle('partner') === undefined)
    expect(source.getX509Bundle('acme.internal')?.isEmpty).toBe(false)

    x509Bundles.fail(status.PERMISSION_DENIED)
    await eventually(() => errors.length === 1)
    expect(codeThrown(() => source.getX509Bundle('acme.internal'))).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    clock.advance(clock.nextDueMs ?? 0)
    await eventually(() => source.health().healthy)
    expect(source.getX509Bundle('partner')?.isEmpty).toBe(false)
  })
})

describe('Workload API §6, JWT profile', () => {
  it('WA-6.2.1-1 JWT-SVIDs are asked for with an audience, or not at all', async () => {
    api.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
    const source = await jwtSource()
    for (const audience of ['', [], [''], undefined]) {
      for (const asking of [
        () => client.fetchJWTSVID({ audience: audience as never }),
        () => client.fetchJWTSVIDs({ audience: audience as never }),
        () => source.fetchJWTSVID({ audience: audience as never }),
      ]) {
        expect(await rejection(asking())).toBeInstanceOf(TypeError)
      }
    }
    expect(api.attempts('fetchJWTSVID')).toBe(0)
    expect((await source.fetchJWTSVID({ audience: 'billing' })).audience).toEqual(['billing'])
  })

  it.each([
    ['no SVID', []],
    ['no spiffe_id', [{ spiffeID: '', svid: jwt(), hint: '' }]],
    ['no svid', [{ spiffeID: ORDERS, svid: '', hint: '' }]],
  ])('WA-6.2.1-3 WA-4.5-2 an answer with %s is refused', async (_, svids) => {
    api.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
    expect(await client.fetchJWTSVIDs({ audience: 'billing' })).toHaveLength(1)
    api.on('fetchJWTSVID', (call) => call.send({ svids }))
    expect(await codeOf(client.fetchJWTSVIDs({ audience: 'billing' }))).toBe(FIELD_EMPTY)
  })

  it('WA-6.2.1-3 of JWT-SVIDs with one hint the first counts', async () => {
    api.on('fetchJWTSVID', (call) =>
      call.send({
        svids: [
          { spiffeID: ORDERS, svid: jwt(), hint: 'a' },
          { spiffeID: OTHER, svid: jwt({ sub: OTHER }), hint: 'a' },
          { spiffeID: OTHER, svid: jwt({ sub: OTHER }), hint: '' },
        ],
      }),
    )
    const svids = await client.fetchJWTSVIDs({ audience: 'billing' })
    expect(svids.map(({ id, hint }) => [id.uri, hint])).toEqual([
      [ORDERS, 'a'],
      [OTHER, undefined],
    ])
  })

  it('WA-6.3-1 validation can be left to the Workload API', async () => {
    api.on('validateJWTSVID', (call) =>
      call.request.audience === 'billing'
        ? call.send({ spiffeID: ORDERS, claims: { sub: ORDERS } })
        : call.fail(status.INVALID_ARGUMENT, 'audience mismatch'),
    )
    expect((await client.validateJWTSVID(jwt(), 'billing')).id.uri).toBe(ORDERS)
    expect(await codeOf(client.validateJWTSVID(jwt(), 'others'))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED',
    )
  })

  it('WA-6.3-2 local validation uses the bundle of the trust domain in the subject', async () => {
    const source = await jwtSource()
    const claims = (sub: string): object => ({ sub, aud: ['billing'], exp: NOW.getTime() / 1000 + 60 })
    const verdict = async (kid: string, sub: string): Promise<string> => {
      const jws = token(signer('ES256', kid), { claims: claims(sub) as Readonly<Record<string, unknown>> })
      try {
        return (await parseAndValidate(jws, source, ['billing'], { now: NOW })).id.uri
      } catch (error) {
        return (error as SpiffeError).code
      }
    }
    expect(await verdict('acme-1', ORDERS)).toBe(ORDERS)
    expect(await verdict('p', 'spiffe://partner/x')).toBe('spiffe://partner/x')
    expect(await verdict('acme-1', 'spiffe://partner/x')).toMatch(/ERR_SPIFFE/)
    expect(await verdict('p', ORDERS)).toMatch(/ERR_SPIFFE/)
    expect(await verdict('acme-1', 'spiffe://stranger/x')).toMatch(/ERR_SPIFFE/)
  })
})

describe('Workload API §8, default values and hints', () => {
  it('WA-8-1 the default identity is the first of the message, whose order is kept', async () => {
    api.on('fetchJWTSVID', (call) =>
      call.send({
        svids: [OTHER, ORDERS].map((sub) => ({ spiffeID: sub, svid: jwt({ sub }), hint: '' })),
      }),
    )
    const source = await x509Source()
    await deliver(source, x509Response([x509SVID({ hint: 'z' }, { id: OTHER }), x509SVID({ hint: 'a' })]))
    expect(source.getX509SVID().id.uri).toBe(OTHER)
    expect(source.snapshot().svids.map(({ id }) => id.uri)).toEqual([OTHER, ORDERS])
    expect((await client.fetchJWTSVID({ audience: 'billing' })).id.uri).toBe(OTHER)
  })

  it('WA-8-3 a hint that is not there is said to be missing, and one that was not expected does no harm', async () => {
    api.on('fetchJWTSVID', (call) =>
      call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: 'unexpected' }] }),
    )
    const source = await jwtSource()
    expect((await source.fetchJWTSVID({ audience: 'billing' })).hint).toBe('unexpected')
    expect(await codeOf(source.fetchJWTSVID({ audience: 'billing', hint: 'expected' }))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN',
    )
    const { svids } = (await x509Source()).snapshot()
    expect(svids.find(({ hint }) => hint === 'expected')).toBe(undefined)
  })
})
