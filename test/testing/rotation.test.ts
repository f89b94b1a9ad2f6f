import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JWTBundle } from '../../src/bundle/jwt/jwt-bundle.ts'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { Authority, ManualClock, type Workload, WorkloadAPI } from '../../src/testing/index.ts'
import { type Messages, RawClient, until } from './support.ts'

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
