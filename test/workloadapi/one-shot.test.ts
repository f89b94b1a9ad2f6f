import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import {
  type FetchOptions,
  fetchJWTBundles,
  fetchJWTSVID,
  fetchJWTSVIDs,
  fetchX509Bundles,
  fetchX509Context,
  fetchX509SVID,
  fetchX509SVIDs,
  validateJWTSVID,
  type WatchOptions,
  type WorkloadAPIClientOptions,
  watchJWTBundles,
  watchX509Bundles,
  watchX509Context,
} from '../../src/workloadapi/index.ts'
import { type CallName, FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { jwt, jwtBundlesResponse, NOW, ORDERS, partner, x509Response, x509SVID } from './messages.ts'
import { codeOf, eventually, rejection } from './support.ts'

const created = channel('net.client.socket')
const partnerAlone = { bundles: new Map([['spiffe://partner', partner.der]]), crl: [] }

let api: FakeWorkloadAPI
let clock: ManualClock
let at: { readonly address: string; readonly clock: ManualClock }
let sockets: Socket[]

function onSocket(message: unknown): void {
  sockets.push((message as { readonly socket: Socket }).socket)
}

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  at = { address: api.address, clock }
  sockets = []
  created.subscribe(onSocket)
  api.on('fetchX509SVID', (call) => call.send(x509Response()))
  api.on('fetchX509Bundles', (call) => call.send(partnerAlone))
  api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  api.on('fetchJWTSVID', (call) =>
    call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: 'internal' }] }),
  )
  api.on('validateJWTSVID', (call) =>
    call.send({ spiffeID: ORDERS, claims: { sub: ORDERS, aud: ['billing'] } }),
  )
})

afterEach(() => {
  created.unsubscribe(onSocket)
  api.close()
})

/** The client connected, and nothing of it is left: not even for a moment after the call has ended. */
function expectClosed(): void {
  expect(sockets.length).toBeGreaterThan(0)
  expect(sockets.filter(({ closed }) => !closed)).toEqual([])
  expect(clock.pending).toBe(0)
}

type Options = WorkloadAPIClientOptions & FetchOptions

const fetches: Record<string, readonly [CallName, (options: Options) => Promise<unknown>, unknown]> = {
  fetchX509Context: [
    'fetchX509SVID',
    async (options) => (await fetchX509Context(options)).svid.id.uri,
    ORDERS,
  ],
  fetchX509SVIDs: ['fetchX509SVID', async (options) => (await fetchX509SVIDs(options))[0]?.id.uri, ORDERS],
  fetchX509SVID: ['fetchX509SVID', async (options) => (await fetchX509SVID(options)).id.uri, ORDERS],
  fetchX509Bundles: [
    'fetchX509Bundles',
    async (options) => (await fetchX509Bundles(options)).has('partner'),
    true,
  ],
  fetchJWTSVIDs: [
    'fetchJWTSVID',
    async (options) => (await fetchJWTSVIDs({ audience: 'billing', ...options })).map(({ hint }) => hint),
    ['internal'],
  ],
  fetchJWTSVID: [
    'fetchJWTSVID',
    async (options) => (await fetchJWTSVID({ audience: 'billing', hint: 'internal', ...options })).id.uri,
    ORDERS,
  ],
  fetchJWTBundles: [
    'fetchJWTBundles',
    async (options) => (await fetchJWTBundles(options)).has('acme.internal'),
    true,
  ],
  validateJWTSVID: [
    'validateJWTSVID',
    async (options) => (await validateJWTSVID(jwt(), 'billing', options)).id.uri,
    ORDERS,
  ],
}

describe.each(Object.entries(fetches))('%s, without a client', (_name, [callName, ask, expected]) => {
  it('asks once, and closes the client that it made for that', async () => {
    expect(await ask(at)).toEqual(expected)
    expectClosed()
    expect(api.attempts(callName)).toBe(1)
  })

  it('closes it after a failure', async () => {
    api.on(callName, (call) => call.fail(status.UNIMPLEMENTED))
    expect(await codeOf(ask(at))).toBe('ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED')
    expectClosed()
  })

  it('closes it after an abort, whose reason it throws', async () => {
    api.on(callName, () => {})
    const controller = new AbortController()
    const failing = rejection(ask({ ...at, signal: controller.signal }))
    await api.until(() => api.openCalls === 1)
    controller.abort('my reason')
    expect(await failing).toBe('my reason')
    expectClosed()
  })

  it('closes it when no answer comes in time', async () => {
    api.on(callName, () => {})
    const failing = codeOf(ask({ ...at, timeoutMs: 50 }))
    await api.until(() => api.openCalls === 1)
    clock.advance(50)
    expect(await failing).toBe('ERR_SPIFFE_WORKLOAD_API_TIMEOUT')
    expectClosed()
  })

  it('refuses what the client refuses, as a rejection and not as a throw', async () => {
    expect(await codeOf(ask({ ...at, address: 'http://agent' }))).toBe('ERR_SPIFFE_ENDPOINT_SCHEME')
    expect(await rejection(ask({ ...at, keepaliveMs: 0 }))).toBeInstanceOf(TypeError)
    expect(await rejection(ask({ ...at, timeoutMs: 0 }))).toBeInstanceOf(TypeError)
    expect(sockets).toEqual([])
  })
})

it('a fetch without a client reports a bundle that it has to leave out', async () => {
  api.on('fetchX509SVID', (call) =>
    call.send(x509Response([x509SVID()], { 'spiffe://broken': Buffer.from('?') })),
  )
  const errors: string[] = []
  await fetchX509Context({ ...at, onError: ({ code }) => errors.push(code) })
  expect(errors).toEqual(['ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED'])
})

const watches: Record<
  string,
  readonly [CallName, (options: WorkloadAPIClientOptions & WatchOptions) => AsyncIterableIterator<unknown>]
> = {
  watchX509Context: ['fetchX509SVID', watchX509Context],
  watchX509Bundles: ['fetchX509Bundles', watchX509Bundles],
  watchJWTBundles: ['fetchJWTBundles', watchJWTBundles],
}

describe.each(Object.entries(watches))('%s, without a client', (_name, [callName, open]) => {
  it.each(['break', 'throw', 'abort', 'return while waiting'])('closes its client on %s', async (how) => {
    const controller = new AbortController()
    const watch = open({ ...at, signal: controller.signal })
    const reason = new Error('the reason')
    const iterate = async (): Promise<void> => {
      for await (const _ of watch) {
        expect(api.openCalls).toBe(1)
        if (how === 'break') break
        if (how === 'throw') throw reason
        if (how === 'abort') controller.abort(reason)
        if (how === 'return while waiting') setImmediate(() => void watch.return?.())
      }
    }
    if (how === 'throw' || how === 'abort') expect(await rejection(iterate())).toBe(reason)
    else await iterate()
    expectClosed()
    expect(await watch.next()).toEqual({ done: true, value: undefined })
  })

  it('closes its client after what cannot get better', async () => {
    api.on(callName, (call) => call.fail(status.INVALID_ARGUMENT))
    expect(await codeOf(open(at).next())).toBe('ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT')
    expectClosed()
  })

  it('outlives the rest, and reports it', async () => {
    const script = api.scriptOf(callName)
    api.on(callName, (call) => (call.attempt === 0 ? call.fail(status.UNAVAILABLE) : script?.(call as never)))
    const errors: string[] = []
    const watch = open({ ...at, onError: ({ code }) => errors.push(code) })
    const first = watch.next()
    await eventually(() => errors.length === 1 && clock.pending === 1)
    clock.advance(30_000)
    expect((await first).done).toBe(false)
    expect(errors).toEqual(['ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE'])
    await watch.return?.()
    expectClosed()
  })

  it('opens nothing before it is iterated, and refuses nothing either', async () => {
    expect(await open(at).return?.()).toEqual({ done: true, value: undefined })
    expect(await codeOf(open({ ...at, address: 'http://agent' }).next())).toBe('ERR_SPIFFE_ENDPOINT_SCHEME')
    expect(await rejection(open({ ...at, signal: AbortSignal.abort('early') }).next())).toBe('early')
    expect(sockets).toEqual([])
  })
})
