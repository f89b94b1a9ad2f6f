import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import {
  BundleSource,
  JWTSource,
  socketEnv,
  validateAddress,
  WorkloadAPIClient,
  X509Source,
} from '../../src/workloadapi/index.ts'
import { type CallName, FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { acme, jwt, jwtBundlesResponse, NOW, ORDERS, x509Response } from '../workloadapi/messages.ts'
import { codeOf, codeThrown, eventually } from '../workloadapi/support.ts'

let api: FakeWorkloadAPI
let clock: ManualClock
let client: WorkloadAPIClient
let errors: SpiffeError[]

const onError = (error: SpiffeError): void => {
  errors.push(error)
}

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  client = WorkloadAPIClient.create({ address: api.address, clock })
  errors = []
  serveEverything(api)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await client.close()
  api.close()
})

function serveEverything(on: FakeWorkloadAPI): void {
  on.on('fetchX509SVID', (call) => call.send(x509Response()))
  on.on('fetchX509Bundles', (call) =>
    call.send({ bundles: new Map([['spiffe://acme.internal', acme.der]]), crl: [] }),
  )
  on.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  on.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
  on.on('validateJWTSVID', (call) => call.send({ spiffeID: ORDERS, claims: { sub: ORDERS } }))
}

/** Every call, in every way that there is to make it. */
async function callEverything(): Promise<void> {
  await client.fetchX509Context()
  await client.fetchX509Bundles()
  await client.fetchJWTBundles()
  await client.fetchJWTSVID({ audience: 'billing' })
  await client.validateJWTSVID(jwt(), 'billing')
  for await (const _ of client.watchX509Context()) break
  for await (const _ of client.watchX509Bundles()) break
  for await (const _ of client.watchJWTBundles()) break
  for (const kind of [X509Source, JWTSource, BundleSource]) await (await kind.create({ client })).close()
}

describe('Workload Endpoint §3, transport', () => {
  it('WE-3-1 WE-3.1-1 gRPC is spoken over a unix socket and over TCP, without TLS', async () => {
    const overTCP = await FakeWorkloadAPI.start({ tcp: true })
    serveEverything(overTCP)
    expect((await client.fetchX509SVID()).id.uri).toBe(ORDERS)
    await using tcp = WorkloadAPIClient.create({ address: overTCP.address, clock })
    expect((await tcp.fetchX509SVID()).id.uri).toBe(ORDERS)
    overTCP.close()
  })

  it('WE-3-3 every call carries the mandatory metadata, once', async () => {
    const seen = new Map<CallName, unknown[][]>()
    const names = [
      'fetchX509SVID',
      'fetchX509Bundles',
      'fetchJWTBundles',
      'fetchJWTSVID',
      'validateJWTSVID',
    ] as const
    for (const name of names) {
      const answer = api.scriptOf(name)
      api.on(name, (call) => {
        seen.set(name, [...(seen.get(name) ?? []), call.metadata.get('workload.spiffe.io')])
        answer?.(call)
      })
    }
    await callEverything()
    expect([...seen.keys()].sort()).toEqual([...names].sort())
    const values = [...seen.values()].flat()
    expect(values.length).toBeGreaterThan(10)
    for (const value of values) expect(value).toEqual(['true'])
  })
})

describe('Workload Endpoint §4, locating the endpoint', () => {
  const refused = (address: string): string | undefined => codeThrown(() => validateAddress(address))

  it('WE-4-1 an explicit address counts, then the environment; without either there is an error', () => {
    vi.stubEnv(socketEnv, 'unix:///environment.sock')
    expect(WorkloadAPIClient.create({ address: 'unix:///explicit.sock' }).address).toBe(
      'unix:///explicit.sock',
    )
    expect(WorkloadAPIClient.create().address).toBe('unix:///environment.sock')
    vi.stubEnv(socketEnv, undefined)
    expect(codeThrown(() => WorkloadAPIClient.create())).toBe('ERR_SPIFFE_ENDPOINT_UNSET')
  })

  it('WE-4-1 sources find the endpoint the same way', async () => {
    vi.stubEnv(socketEnv, api.address)
    await (await X509Source.create({ clock })).close()
    vi.stubEnv(socketEnv, undefined)
    for (const kind of [X509Source, JWTSource, BundleSource]) {
      expect(await codeOf(kind.create())).toBe('ERR_SPIFFE_ENDPOINT_UNSET')
    }
  })

  it.each(['unix:///p/s.sock', 'unix:/p/s.sock', 'tcp://127.0.0.1:8000', 'tcp://[::1]:8000'])(
    'WE-4-2 WE-4-3 WE-4-4 %s is an address',
    (address) => {
      expect(refused(address)).toBe(undefined)
    },
  )

  it.each(['/p/s.sock', 's.sock', 'http://127.0.0.1:8000', 'npipe:agent', 'unix', '//127.0.0.1:8000'])(
    'WE-4-2 %s is none: it is no URI with the scheme unix or tcp',
    (address) => {
      expect(refused(address)).toMatch(/ERR_SPIFFE_ENDPOINT_(NOT_A_URI|SCHEME)/)
    },
  )

  it.each([
    ['unix://h/p', 'UNIX_AUTHORITY'],
    ['unix://user:password@/p', 'UNIX_AUTHORITY'],
    ['unix:rel', 'UNIX_RELATIVE'],
    ['unix:///p?q', 'COMPONENT'],
    ['unix:///p#f', 'COMPONENT'],
  ])('WE-4-3 %s is none: it has more or less than an absolute path', (address, code) => {
    expect(refused(address)).toBe(`ERR_SPIFFE_ENDPOINT_${code}`)
  })

  it.each([
    ['tcp://localhost:8000', 'TCP_HOST'],
    ['tcp://127.0.0.1', 'TCP_PORT'],
    ['tcp://127.0.0.1:8000/foo', 'TCP_PATH'],
    ['tcp://127.0.0.1:8000/', 'TCP_PATH'],
    ['tcp://127.0.0.1:8000?', 'COMPONENT'],
    ['tcp://127.0.0.1:8000#', 'COMPONENT'],
    ['tcp://user@127.0.0.1:8000', 'COMPONENT'],
  ])('WE-4-4 %s is none: it has more or less than an IP address and a port', (address, code) => {
    expect(refused(address)).toBe(`ERR_SPIFFE_ENDPOINT_${code}`)
  })
})

describe('Workload Endpoint §6, error codes', () => {
  it('WE-6-1 WE-A-1 InvalidArgument and Unimplemented are reported and not tried again', async () => {
    for (const code of [status.INVALID_ARGUMENT, status.UNIMPLEMENTED]) {
      const before = api.attempts('fetchX509SVID')
      api.on('fetchX509SVID', (call) => call.fail(code))
      const expected = /ERR_SPIFFE_WORKLOAD_API_(INVALID_ARGUMENT|UNIMPLEMENTED)/
      expect(await codeOf(client.fetchX509Context())).toMatch(expected)
      expect(await codeOf(client.watchX509Context({ onError }).next())).toMatch(expected)
      expect(await codeOf(X509Source.create({ client, onError }))).toMatch(expected)
      clock.advance(24 * 3_600_000)
      expect(clock.pending).toBe(0)
      expect(api.attempts('fetchX509SVID')).toBe(before + 3)
    }
  })

  it('WE-6-2 an endpoint that is unavailable, or not there, is tried again with growing pauses', async () => {
    api.on('fetchX509SVID', (call) => call.fail(status.UNAVAILABLE))
    const creating = X509Source.create({ client, onError, timeoutMs: 3_600_000 })
    const pauses: number[] = []
    for (let failures = 1; failures <= 6; failures++) {
      if (failures === 4) api.stop()
      await eventually(() => errors.length === failures)
      const pause = clock.nextDueMs ?? 0
      pauses.push(pause)
      expect(pause).toBeGreaterThanOrEqual(200 * 2 ** (failures - 1))
      expect(pause).toBeLessThanOrEqual(400 * 2 ** (failures - 1))
      if (failures === 6) {
        await api.listen()
        api.on('fetchX509SVID', (call) => call.send(x509Response()))
      }
      clock.advance(pause)
    }
    const source = await creating
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(new Set(errors.map(({ code }) => code))).toEqual(
      new Set(['ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE', 'ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING']),
    )
    await source.close()
  })

  it('WE-6-3 a process without an identity asks again, and has one as soon as it is registered', async () => {
    api.on('fetchX509SVID', (call) => call.fail(status.PERMISSION_DENIED))
    const creating = X509Source.create({ client, onError })
    await eventually(() => errors.length === 1)
    api.on('fetchX509SVID', (call) => call.send(x509Response()))
    clock.advance(2_000)
    const source = await creating
    expect(errors.map(({ code }) => code)).toEqual(['ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'])
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    await source.close()
  })
})
