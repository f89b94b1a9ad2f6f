import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAndValidate } from '../../src/svid/jwt/index.ts'
import { verify } from '../../src/svid/x509/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { BundleSource, type SourceOptions, WorkloadAPIClient } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { mintLeaf } from '../support/mint.ts'
import { acme, HOUR_MS, inMs, jwks, jwt, jwtBundlesResponse, NOW, ORDERS, partner } from './messages.ts'
import { codeOf, codeThrown, eventually, rejection } from './support.ts'

let api: FakeWorkloadAPI
let clock: ManualClock
let x509: Incoming<'fetchX509Bundles'>
let jwts: Incoming<'fetchJWTBundles'>
const sources: BundleSource[] = []

const acmeAlone = { bundles: new Map([['spiffe://acme.internal', acme.der]]), crl: [] }
const partnerToo = { bundles: new Map([...acmeAlone.bundles, ['spiffe://partner', partner.der]]), crl: [] }
const newKey = jwtBundlesResponse({ 'spiffe://acme.internal': jwks('acme-2') })

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  api.on('fetchX509Bundles', (call) => {
    x509 = call
    call.send(acmeAlone)
  })
  api.on('fetchJWTBundles', (call) => {
    jwts = call
    call.send(jwtBundlesResponse())
  })
})

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  api.close()
})

async function create(options: SourceOptions = {}): Promise<BundleSource> {
  const own = options.client === undefined ? { address: api.address, clock } : {}
  const source = await BundleSource.create({ ...own, ...options })
  sources.push(source)
  return source
}

describe('a BundleSource', () => {
  it('validates others without an identity: nobody asks for one', async () => {
    const source = await create()
    expect((await parseAndValidate(jwt(), source, ['billing'], { now: NOW })).id.uri).toBe(ORDERS)
    const leaf = mintLeaf(ORDERS, acme, { notBefore: NOW, notAfter: inMs(HOUR_MS) })
    expect(verify([leaf.der], source, { now: NOW }).id.uri).toBe(ORDERS)
    expect(api.attempts('fetchX509SVID')).toBe(0)
  })

  it('keeps the kinds of authorities apart', async () => {
    api.on('fetchX509Bundles', (call) =>
      call.send({ bundles: new Map([['spiffe://partner', partner.der]]), crl: [] }),
    )
    const source = await create()
    expect(source.getX509Bundle('partner')?.isEmpty).toBe(false)
    expect(source.getJWTBundle('partner')).toBe(undefined)
    expect(source.getX509Bundle('acme.internal')).toBe(undefined)
    expect(source.getJWTBundle('acme.internal')?.isEmpty).toBe(false)
    expect([...source.getX509Bundles()].map(({ trustDomain }) => trustDomain.name)).toEqual(['partner'])
    expect([...source.getJWTBundles()].map(({ trustDomain }) => trustDomain.name)).toEqual(['acme.internal'])
  })

  it('gives both kinds as one bundle, where there is either', async () => {
    api.on('fetchX509Bundles', (call) => call.send(partnerToo))
    const source = await create()
    const ours = source.getBundle('acme.internal')
    expect(ours?.x509Bundle).toBe(source.getX509Bundle('acme.internal'))
    expect(ours?.jwtBundle).toBe(source.getJWTBundle('acme.internal'))
    expect(source.getBundle('partner')?.x509Bundle.isEmpty).toBe(false)
    expect(source.getBundle('partner')?.jwtBundle.isEmpty).toBe(true)
    expect(source.getBundle('stranger')).toBe(undefined)
  })

  it('follows both streams, and tells of each change', async () => {
    const source = await create()
    let changes = 0
    const end = source.onChange(() => {
      changes += 1
    })
    x509.send(partnerToo)
    await eventually(() => source.getX509Bundle('partner') !== undefined)
    jwts.send(newKey)
    await eventually(() => source.getJWTBundle('acme.internal')?.has('acme-2') === true)
    expect(changes).toBe(2)
    end()
    x509.send(acmeAlone)
    await eventually(() => source.getX509Bundle('partner') === undefined)
    expect(changes).toBe(2)
  })

  it('serves one kind on while the other is withdrawn', async () => {
    const source = await create()
    jwts.fail(status.PERMISSION_DENIED)
    await eventually(() => source.health().jwt.state === 'redacted')
    for (const get of [() => source.getJWTBundle('acme.internal'), () => source.getBundle('acme.internal')]) {
      expect(codeThrown(get)).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    }
    expect(source.getX509Bundle('acme.internal')?.isEmpty).toBe(false)
    expect(source.health()).toMatchObject({
      healthy: false,
      x509: { healthy: true },
      jwt: { healthy: false },
    })
  })

  it.each(['fetchX509Bundles', 'fetchJWTBundles'] as const)(
    'fails to be created without %s, and leaves nothing open',
    async (name) => {
      api.on(name, (call) => call.fail(status.UNIMPLEMENTED))
      expect(await codeOf(create())).toBe('ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED')
      await api.until(() => api.openCalls === 0)
      expect(clock.pending).toBe(0)
    },
  )

  it('throws the reason of its signal while it waits', async () => {
    api.on('fetchJWTBundles', () => {})
    const controller = new AbortController()
    const failing = rejection(create({ signal: controller.signal }))
    await api.until(() => api.openCalls === 2)
    controller.abort('my reason')
    expect(await failing).toBe('my reason')
    await api.until(() => api.openCalls === 0)
  })

  it('throws from every getter once it is closed', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const source = await create({ client })
    await source.close()
    await source[Symbol.asyncDispose]()
    for (const get of [
      () => source.getX509Bundle('acme.internal'),
      () => source.getX509Bundles(),
      () => source.getJWTBundle('acme.internal'),
      () => source.getJWTBundles(),
      () => source.getBundle('acme.internal'),
    ]) {
      expect(codeThrown(get)).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    }
    expect(source.health()).toMatchObject({
      healthy: false,
      x509: { state: 'closed' },
      jwt: { state: 'closed' },
    })
    await api.until(() => api.openCalls === 0)
    expect((await client.fetchX509Bundles()).size).toBe(1)
    await client.close()
  })
})

describe('the updates of a BundleSource', () => {
  it('begin with what is held and go on with each change of either kind, for any number of consumers', async () => {
    const source = await create()
    const seen: string[] = []
    const consume = async (): Promise<void> => {
      for await (const { x509, jwt } of source.updates()) {
        seen.push(`${x509?.size} ${jwt?.get('acme.internal')?.has('acme-2')}`)
      }
    }
    const consuming = [consume(), consume()]
    await eventually(() => seen.length === 2)
    x509.send(partnerToo)
    await eventually(() => seen.length === 4)
    jwts.send(newKey)
    await eventually(() => seen.length === 6)
    await source.close()
    await Promise.all(consuming)
    expect(seen).toEqual(['1 false', '1 false', '2 false', '2 false', '2 true', '2 true'])
  })

  it('give a slow consumer the newest and nothing that it replaced', async () => {
    const source = await create()
    const updates = source.updates()
    expect((await updates.next()).value?.x509?.size).toBe(1)
    x509.send(partnerToo)
    await eventually(() => source.getX509Bundle('partner') !== undefined)
    jwts.send(newKey)
    await eventually(() => source.getJWTBundle('acme.internal')?.has('acme-2') === true)
    const { value } = await updates.next()
    expect([value?.x509?.size, value?.jwt?.get('acme.internal')?.has('acme-2')]).toEqual([2, true])
    const next = updates.next()
    await updates.return?.()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('are without the kind that was withdrawn, and there are none while both are', async () => {
    const source = await create()
    const updates = source.updates()
    await updates.next()
    jwts.fail(status.PERMISSION_DENIED)
    const { value: without } = await updates.next()
    expect(without?.jwt).toBe(undefined)
    expect(without?.x509?.size).toBe(1)

    const back = updates.next()
    x509.fail(status.PERMISSION_DENIED)
    await eventually(() => source.health().x509.state === 'redacted')
    clock.advance(10_000)
    const { value: whole } = await back
    expect(whole?.x509 ?? whole?.jwt).toBeDefined()
  })

  it('can be waited for: what is held does not count', async () => {
    const source = await create()
    const ofX509 = source.waitForUpdate()
    x509.send(partnerToo)
    expect((await ofX509).x509?.size).toBe(2)
    const ofJWT = source.waitForUpdate()
    jwts.send(newKey)
    expect((await ofJWT).jwt?.get('acme.internal')?.has('acme-2')).toBe(true)
  })

  it('throw the reason of their signal', async () => {
    const source = await create()
    const controller = new AbortController()
    const updates = source.updates({ signal: controller.signal })
    await updates.next()
    const failing = [
      rejection(updates.next()),
      rejection(source.waitForUpdate({ signal: controller.signal })),
    ]
    controller.abort('my reason')
    expect(await Promise.all(failing)).toEqual(['my reason', 'my reason'])
    expect(await updates.next()).toEqual({ done: true, value: undefined })
  })

  it.each(['source', 'client that it shares'])('end when the %s is closed', async (closed) => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const source = await create({ client })
    const updates = source.updates()
    await updates.next()
    const waiting = [updates.next(), codeOf(source.waitForUpdate())]
    if (closed === 'source') await source.close()
    else await client.close()
    expect(await Promise.all(waiting)).toEqual([{ done: true, value: undefined }, 'ERR_SPIFFE_SOURCE_CLOSED'])
    expect(await source.updates().next()).toEqual({ done: true, value: undefined })
    expect(await codeOf(source.waitForUpdate())).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    await client.close()
  })
})
