import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { JWTBundle } from '../../src/bundle/jwt/jwt-bundle.ts'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { Authority, ManualClock, type Workload, WorkloadAPI } from '../../src/testing/index.ts'
import { X509Source } from '../../src/workloadapi/index.ts'
import { type Messages, RawClient, refusal, until } from './support.ts'

const now = new Date('2030-01-01T00:00:00Z')
const orders = 'spiffe://acme.internal/orders'
const ours = 'spiffe://acme.internal'
const theirs = 'spiffe://other.example'

let clock: ManualClock
let api: WorkloadAPI
const clients: RawClient[] = []

beforeEach(async () => {
  clock = new ManualClock(now)
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal', clock })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client[Symbol.dispose]()
  await api.close()
})

/** What a workload is told, as far as rotations go: the serial of its leaf, its issuer, and how many it trusts. */
function watch(workload: Workload) {
  const client = new RawClient(workload.address)
  clients.push(client)
  const stream = client.open('fetchX509SVID')
  return async () => {
    const { svids, federatedBundles } = await stream.next()
    const leaf = new X509Certificate(svids[0]?.x509SVID ?? Buffer.alloc(0))
    const bundle = X509Bundle.parseRaw('acme.internal', svids[0]?.bundle ?? Buffer.alloc(0))
    const issuers = bundle.x509Authorities.filter((authority) => leaf.checkIssued(authority))
    return {
      serial: leaf.serialNumber,
      issuer: leaf.issuer,
      issuedByTrusted: issuers.length === 1,
      trusted: bundle.x509Authorities.length,
      federated: [...federatedBundles.keys()],
      federatedAuthorities: [...federatedBundles].map(
        ([, der]) => X509Bundle.parseRaw('other.example', der).x509Authorities.length,
      ),
    }
  }
}

const trustedKeys = async (stream: Messages<{ bundles: ReadonlyMap<string, Uint8Array> }>, of = ours) => {
  const { bundles } = await stream.next()
  const jwks = bundles.get(of)
  return jwks && JWTBundle.parse(of, jwks).jwtAuthorities.size
}

describe('on command', () => {
  test('every X509-SVID is issued anew, all of a workload in one message', async () => {
    const workload = api.workload(orders)
    await workload.register('spiffe://acme.internal/checkout')
    const client = new RawClient(workload.address)
    clients.push(client)
    const stream = client.open('fetchX509SVID')
    const before = await stream.next()
    await api.rotateSVIDs()
    const after = await stream.next()
    expect(after.svids).toHaveLength(2)
    for (const [at, svid] of after.svids.entries()) {
      expect(svid.spiffeID).toBe(before.svids[at]?.spiffeID)
      expect(svid.x509SVID).not.toEqual(before.svids[at]?.x509SVID)
      expect(svid.x509SVIDKey).not.toEqual(before.svids[at]?.x509SVIDKey)
    }
  })

  test('the X.509 authority is rotated in the messages that SPIRE sends: the bundle grows, SVIDs are reissued, it shrinks', async () => {
    const next = watch(api.workload(orders))
    const first = await next()
    expect(first).toMatchObject({ trusted: 1, issuedByTrusted: true })

    await api.authority.x509.prepare()
    expect(await next()).toMatchObject({ trusted: 2, serial: first.serial })
    await api.authority.x509.activate() // nothing to tell
    await api.authority.x509.taint()
    const reissued = await next()
    expect(reissued).toMatchObject({ trusted: 2, issuedByTrusted: true })
    expect(reissued.issuer).not.toBe(first.issuer)
    await api.authority.x509.revoke()
    expect(await next()).toMatchObject({ trusted: 1, issuedByTrusted: true, serial: reissued.serial })
  })

  test('the X.509 authority is rotated with overlap in one go', async () => {
    const next = watch(api.workload(orders))
    const first = await next()
    await api.rotateX509Authority()
    expect(await next()).toMatchObject({ trusted: 2, serial: first.serial })
    expect(await next()).toMatchObject({ trusted: 2, issuedByTrusted: true })
  })

  test('no message of many rotations holds an SVID that its own bundle does not trust', async () => {
    const next = watch(api.workload(orders))
    await next()
    for (let rotation = 0; rotation < 20; rotation++) {
      // The first rotation has nothing to revoke.
      const messages = rotation === 0 ? 2 : 3
      await api.rotateX509Authority()
      for (let message = 0; message < messages; message++) {
        expect(await next()).toMatchObject({ issuedByTrusted: true })
      }
    }
  })

  test('the JWT authority is rotated with overlap', async () => {
    const client = new RawClient(api.workload(orders).address)
    clients.push(client)
    const stream = client.open('fetchJWTBundles')
    expect(await trustedKeys(stream)).toBe(1)
    await api.rotateJWTAuthority()
    expect(await trustedKeys(stream)).toBe(2)
    await api.authority.jwt.revoke()
    expect(await trustedKeys(stream)).toBe(1)
  })
})

describe('an authority that is tainted while SVIDs are dropped', () => {
  /** Holds back what the authority issues. */
  function hold(): () => void {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const issue = api.authority.issueX509SVID.bind(api.authority)
    vi.spyOn(api.authority, 'issueX509SVID').mockImplementation(async (...args) => {
      await released
      return issue(...args)
    })
    return release
  }

  const streams = ['fetchX509SVID', 'fetchX509Bundles', 'fetchJWTBundles'] as const

  test('ends every stream, and has those that ask again wait for the new SVIDs', async () => {
    const workload = api.workload(orders)
    const client = new RawClient(workload.address)
    clients.push(client)
    const open = streams.map((name) => client.open(name))
    for (const stream of open) await stream.next()
    const before = await watch(workload)()
    await api.authority.x509.prepare()
    await api.authority.x509.activate()

    const release = hold()
    const tainted = api.authority.x509.taint({ dropSVIDs: true })
    for (const stream of open) {
      expect(await stream.end()).toEqual({ code: 'PERMISSION_DENIED', details: 'no identity issued' })
    }
    let told = 0
    const again = streams.map((name) =>
      client
        .open(name)
        .next()
        .finally(() => told++),
    )
    const token = await client.call('fetchJWTSVID', { audience: ['billing'], spiffeID: '' })
    expect(token.svids).toHaveLength(1)
    expect([told, workload.entries[0]?.svid]).toEqual([0, undefined])

    release()
    await tainted
    await Promise.all(again)
    const after = await watch(workload)()
    expect(after).toMatchObject({ trusted: 2, issuedByTrusted: true })
    expect(after.issuer).not.toBe(before.issuer)
  })

  test('forgets a stream whose workload does not wait', async () => {
    const workload = api.workload(orders)
    await watch(workload)()
    await api.authority.x509.prepare()
    await api.authority.x509.activate()

    const release = hold()
    const tainted = api.authority.x509.taint({ dropSVIDs: true })
    const client = new RawClient(workload.address)
    const stream = client.open('fetchX509SVID')
    await until(() => workload.callCount('fetchX509SVID') === 2)
    stream.cancel()
    client[Symbol.dispose]()
    await until(() => workload.connections === 1)
    release()
    await tainted
    expect(workload.openStreams).toBe(0)
  })

  test.each([
    ['holds an SVID all the while', 'confirm', ['serving']],
    ['has none for a while', 'stop', ['redacted', 'serving']],
  ] as const)('is met by a source that %s where its redaction is to %s', async (_, redaction, states) => {
    const { address } = api.workload(orders)
    let denied = (): void => undefined
    const denial = new Promise<void>((resolve) => {
      denied = resolve
    })
    await using source = await X509Source.create({ address, redaction, clock, onError: denied })
    const before = source.getX509SVID()
    const grown = source.waitForUpdate()
    await api.authority.x509.prepare()
    await grown
    await api.authority.x509.activate()
    const seen: string[] = []
    source.onChange(() => seen.push(source.health().state))
    const update = source.waitForUpdate()

    await api.authority.x509.taint({ dropSVIDs: true })
    await denial
    // It asks again at once, or after its first pause where it stopped.
    clock.advance(redaction === 'confirm' ? 0 : 60_000)

    const { svid, bundles } = await update
    expect(svid.certificates[0]?.issuer).not.toBe(before.certificates[0]?.issuer)
    expect(bundles.get('acme.internal')?.x509Authorities).toHaveLength(2)
    expect(seen).toEqual(states)
  })
})

describe('by the clock', () => {
  test('an X509-SVID is renewed when half of its life is over, not before, and again after that', async () => {
    const workload = api.workload(orders, { ttlSeconds: 100 })
    const next = watch(workload)
    const first = await next()
    clock.advance(49_999)
    const [entry] = workload.entries
    const held = entry?.svid
    clock.advance(1)
    const second = await next()
    expect(second.serial).not.toBe(first.serial)
    expect(entry?.svid).not.toBe(held)
    clock.advance(50_000)
    expect((await next()).serial).not.toBe(second.serial)
  })

  test('nothing is renewed of an entry that was deleted', async () => {
    const workload = api.workload(orders, { ttlSeconds: 100 })
    await watch(workload)()
    const scheduled = clock.pending
    for (const entry of workload.entries) entry.delete()
    expect(clock.pending).toBe(scheduled - 1)
  })

  test('the authorities are rotated when half of their life is over', async () => {
    const workload = api.workload(orders, { ttlSeconds: 86_400 })
    const next = watch(workload)
    const first = await next()
    clock.advance(43_200_000)
    await until(() => api.authority.x509Bundle.x509Authorities.length === 2)
    await until(() => api.authority.jwtBundle.jwtAuthorities.size === 2)
    let last = await next()
    while (last.issuer === first.issuer) last = await next()
    expect(last).toMatchObject({ trusted: 2, issuedByTrusted: true })
  })

  test('nothing is left to do once the Workload API is closed', async () => {
    await watch(api.workload(orders))()
    expect(clock.pending).toBe(2)
    await api.close()
    expect(clock.pending).toBe(0)
  })
})

describe('federation', () => {
  test('brings the bundles of another Workload API, follows its rotations, and ends', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    const next = watch(api.workload(orders))
    expect(await next()).toMatchObject({ federated: [] })
    api.federate(other)
    expect(await next()).toMatchObject({ federated: [theirs], federatedAuthorities: [1] })
    await other.rotateX509Authority()
    expect(await next()).toMatchObject({ federatedAuthorities: [2] })
    await other.authority.x509.revoke()
    expect(await next()).toMatchObject({ federatedAuthorities: [1] })
    expect(api.dissociate(other.trustDomain)).toBe(true)
    expect(await next()).toMatchObject({ federated: [] })
  })

  test('reaches the streams of bundles too, each with its own kind', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    const client = new RawClient(api.workload(orders).address)
    clients.push(client)
    const x509 = client.open('fetchX509Bundles')
    const jwt = client.open('fetchJWTBundles')
    await x509.next()
    await jwt.next()
    api.federate(other)
    const { bundles } = await x509.next()
    expect([...bundles.keys()]).toEqual([ours, theirs])
    const received = X509Bundle.parseRaw('other.example', bundles.get(theirs) ?? Buffer.alloc(0))
    expect(received.equals(other.authority.x509Bundle)).toBe(true)
    expect(await trustedKeys(jwt, theirs)).toBe(1)
    await other.rotateJWTAuthority()
    expect(await trustedKeys(jwt, theirs)).toBe(2)
  })

  test('is for workloads whose entries say so, and for those that say nothing of it', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    api.federate(other)
    const federated = async (workload: Workload) => (await watch(workload)()).federated
    expect(await federated(api.workload(orders))).toEqual([theirs])
    expect(await federated(api.workload(orders, { federatesWith: ['other.example'] }))).toEqual([theirs])
    expect(await federated(api.workload(orders, { federatesWith: ['third.example'] }))).toEqual([])
    expect(await federated(api.workload(orders, { federatesWith: [] }))).toEqual([])
  })

  test('is for a workload when any of its entries says so, also one that is not shown for its hint', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    api.federate(other)
    const workload = api.workload(orders, { hint: 'same', federatesWith: [] })
    const next = watch(workload)
    expect(await next()).toMatchObject({ federated: [] })
    const entry = await workload.register(orders, { hint: 'same', federatesWith: [other.trustDomain] })
    expect(await next()).toMatchObject({ federated: [theirs] })
    entry.delete()
    expect(await next()).toMatchObject({ federated: [] })
  })

  test('that is not for a workload brings it no message, on no stream, and no token of it is valid', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    const workload = api.workload(orders, { federatesWith: [] })
    const client = new RawClient(workload.address)
    clients.push(client)
    const x509 = client.open('fetchX509Bundles')
    const jwt = client.open('fetchJWTBundles')
    const next = watch(workload)
    const { serial } = await next()
    for (const stream of [x509, jwt]) await stream.next()

    api.federate(other)
    await other.rotateX509Authority()
    const svid = (await other.authority.issueJWTSVID(`${theirs}/x`, { audience: 'billing' })).marshal()
    const refused = await refusal(client.call('validateJWTSVID', { audience: 'billing', svid }))
    await api.rotateSVIDs()
    await api.authority.x509.prepare()
    await api.authority.jwt.prepare()

    expect(refused.details).toBe('no keys found for trust domain "other.example"')
    // The first message that comes is that of the rotation.
    expect((await next()).serial).not.toBe(serial)
    for (const stream of [x509, jwt]) expect([...(await stream.next()).bundles.keys()]).toEqual([ours])
  })

  test('takes bundles as they are, one of each kind, the newer in place of the older', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => Authority.create({ trustDomain: 'other.example', clock })),
    )
    const workload = api.workload(orders)
    const next = watch(workload)
    await next()
    api.federate(one?.x509Bundle ?? expect.fail())
    expect(await next()).toMatchObject({ federated: [theirs] })
    const client = new RawClient(workload.address)
    clients.push(client)
    expect([...(await client.open('fetchJWTBundles').next()).bundles.keys()]).toEqual([ours])
    api.federate(one?.jwtBundle ?? expect.fail())
    expect([...(await client.open('fetchJWTBundles').next()).bundles.keys()]).toEqual([ours, theirs])
    api.federate(two?.x509Bundle ?? expect.fail())
    const { bundles } = await client.open('fetchX509Bundles').next()
    const received = X509Bundle.parseRaw('other.example', bundles.get(theirs) ?? Buffer.alloc(0))
    expect(two && received.equals(two.x509Bundle)).toBe(true)
  })

  test('with an empty bundle is a trust domain that trusts nothing', async () => {
    api.federate(X509Bundle.fromX509Authorities('other.example', []))
    const next = watch(api.workload(orders))
    expect(await next()).toMatchObject({ federated: [theirs], federatedAuthorities: [0] })
  })

  test('is followed no further once it ended, or was replaced by a bundle', async () => {
    await using other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    const next = watch(api.workload(orders))
    await next()
    api.federate(other)
    await next()
    api.dissociate('other.example')
    await next()
    await other.rotateX509Authority()
    api.federate(await Authority.create({ trustDomain: 'third.example', clock }))
    expect(await next()).toMatchObject({ federated: ['spiffe://third.example'] })
  })

  test('is refused with ourselves, and with what is no trust domain', async () => {
    expect(() => api.federate(api)).toThrow(TypeError)
    expect(() => api.federate(api.authority.x509Bundle)).toThrow(TypeError)
    expect(() =>
      api.federate({ trustDomain: { name: 'x', equals: () => false } } as unknown as Authority),
    ).toThrow(TypeError)
    expect(api.dissociate('other.example')).toBe(false)
  })
})
