import { getEventListeners } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import {
  BundleSource,
  fetchX509SVID,
  JWTSource,
  WorkloadAPIClient,
  watchX509Bundles,
  X509Source,
} from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { acme, jwt, jwtBundlesResponse, NOW, ORDERS, x509Response, x509SVID } from './messages.ts'
import { ProgramRunner } from './program.ts'
import { eventually, rejection } from './support.ts'

let api: FakeWorkloadAPI
let programs: ProgramRunner

beforeAll(async () => {
  programs = await ProgramRunner.build()
  api = await FakeWorkloadAPI.start()
  api.on('fetchX509SVID', (call) => call.send(x509Response()))
  api.on('fetchX509Bundles', (call) =>
    call.send({ bundles: new Map([['spiffe://acme.internal', acme.der]]), crl: [] }),
  )
  api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  api.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
})

afterAll(() => {
  api.close()
  programs[Symbol.dispose]()
})

describe('a process', () => {
  it('ends by itself while sources, watches and waits are open', async () => {
    const { code, output } = await programs.run(
      `
      const { X509Source, JWTSource, BundleSource, WorkloadAPIClient } = workloadapi
      const x509 = await X509Source.create({ address })
      const jwt = await JWTSource.create({ address })
      await jwt.fetchJWTSVID({ audience: 'billing' })
      const bundles = await BundleSource.create({ address })
      const client = WorkloadAPIClient.create({ address })
      const watch = client.watchX509Context({ persistent: false })
      let watching = false
      watch.next().then(() => watch.next(watching = true))
      while (!watching) await new Promise((resolve) => setTimeout(resolve, 5))
      x509.waitForUpdate()
      bundles.waitForUpdate()
      const updates = jwt.updates()
      await updates.next()
      updates.next()
      console.log(x509.health().connected, jwt.health().connected, bundles.health().healthy)
      `,
      api.address,
    )
    expect({ code, output }).toEqual({ code: 0, output: 'true true true\n' })
  })

  it('ends by itself after one-shot calls and watches, whatever became of them', async () => {
    const { code, output } = await programs.run(
      `
      const { fetchX509SVID, fetchJWTSVID, validateJWTSVID, watchX509Context } = workloadapi
      console.log((await fetchX509SVID({ address })).id.path)
      await validateJWTSVID('a token', 'billing', { address }).catch((error) => console.log(error.code))
      const signal = AbortSignal.abort('aborted')
      await fetchJWTSVID({ address, audience: 'billing', signal }).catch(console.log)
      for await (const { svid } of watchX509Context({ address })) {
        console.log(svid.id.path)
        break
      }
      const forever = watchX509Context({ address, persistent: false })
      let waiting = false
      forever.next().then(() => forever.next(waiting = true))
      while (!waiting) await new Promise((resolve) => setTimeout(resolve, 5))
      console.log('waiting')
      `,
      api.address,
    )
    expect(code).toBe(0)
    expect(output).toBe('/orders\nERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED\naborted\n/orders\nwaiting\n')
  })

  it('ends by itself while a source waits for its agent to come back', async () => {
    const going = await FakeWorkloadAPI.start()
    going.on('fetchX509SVID', (call) => call.send(x509Response()))
    const { code, output } = await programs.run(
      `
      const source = await workloadapi.X509Source.create({ address })
      console.log('up')
      while (source.health().retryAt === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
      console.log(source.health().lastError.code)
      `,
      going.address,
      (output) => output === 'up\n' && going.close(),
    )
    expect(code).toBe(0)
    expect(output).toMatch(/^up\nERR_SPIFFE_WORKLOAD_API_\w+\n$/)
  })

  it('stays alive while somebody waits for a first message, an answer or an update', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'silent-'))
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(join(folder, 'agent.sock'), resolve))
    const slow = await FakeWorkloadAPI.start()
    slow.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      setTimeout(() => call.send(x509Response([x509SVID({}, { id: 'spiffe://acme.internal/next' })])), 200)
    })
    const failing = (call: string): string => `await ${call}.catch((error) => console.log(error.code))`
    const [waiting, watching, alone, updating] = await Promise.all([
      programs.run(
        `
        ${failing('workloadapi.X509Source.create({ address, timeoutMs: 100 })')}
        const client = workloadapi.WorkloadAPIClient.create({ address })
        ${failing("client.fetchJWTSVID({ audience: 'billing', timeoutMs: 100 })")}
        ${failing('client.fetchX509Context({ timeoutMs: 100 })')}
        `,
        `unix://${folder}/agent.sock`,
      ),
      programs.run(
        `
        const client = workloadapi.WorkloadAPIClient.create({ address })
        for await (const { svid } of client.watchX509Context()) {
          console.log(svid.id.path)
          if (svid.id.path === '/next') break
        }
        `,
        slow.address,
      ),
      programs.run(
        `
        for await (const { svid } of workloadapi.watchX509Context({ address })) {
          console.log(svid.id.path)
          if (svid.id.path === '/next') break
        }
        `,
        slow.address,
      ),
      programs.run(
        `
        const source = await workloadapi.X509Source.create({ address })
        console.log(source.getX509SVID().id.path)
        console.log((await source.waitForUpdate({ persistent: true })).svid.id.path)
        `,
        slow.address,
      ),
    ])
    silent.close()
    slow.close()
    rmSync(folder, { recursive: true })
    expect(waiting).toEqual({
      code: 0,
      output: 'ERR_SPIFFE_SOURCE_TIMEOUT\nERR_SPIFFE_WORKLOAD_API_TIMEOUT\nERR_SPIFFE_WORKLOAD_API_TIMEOUT\n',
    })
    expect(watching).toEqual({ code: 0, output: '/orders\n/next\n' })
    expect(alone).toEqual(watching)
    expect(updating).toEqual({ code: 0, output: '/orders\n/next\n' })
  })

  it('loads gRPC and protobuf when the first call is made, and not before', async () => {
    const { code, output } = await programs.run(
      `
      import { createRequire } from 'node:module'
      const loaded = () =>
        Object.keys(createRequire(import.meta.url).cache).some((path) => /grpc-js|google-protobuf/.test(path))
      const client = workloadapi.WorkloadAPIClient.create({ address })
      client.watchX509Context()
      console.log(loaded())
      await client.fetchX509Context()
      console.log(loaded())
      `,
      api.address,
    )
    expect({ code, output }).toEqual({ code: 0, output: 'false\ntrue\n' })
  })
})

describe('nothing is left', () => {
  /** What this process holds open. */
  const resources = (): Record<string, number> => {
    const counts: Record<string, number> = {
      descriptors: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0,
    }
    for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
    for (const name of process.eventNames()) counts[`process ${String(name)}`] = process.listenerCount(name)
    return counts
  }

  /** What there is more of than before. That there is less, such as a timer that has rung since, is no leak. */
  const grown = (before: Record<string, number>, now: Record<string, number>): string[] =>
    Object.keys(now).filter((name) => (now[name] ?? 0) > (before[name] ?? 0))

  it('after many sources, clients, watches and failures', async () => {
    const clock = new ManualClock(NOW)
    const signal = new AbortController().signal
    const refusing = await FakeWorkloadAPI.start()
    refusing.on('fetchX509SVID', (call) => call.fail(status.INVALID_ARGUMENT))
    const cycle = async (): Promise<void> => {
      const client = WorkloadAPIClient.create({ address: api.address, clock })
      const sources = await Promise.all([
        X509Source.create({ client, signal }),
        JWTSource.create({ client, signal }),
        BundleSource.create({ client, signal }),
        X509Source.create({ address: api.address, clock, signal }),
      ])
      await sources[1].fetchJWTSVID({ audience: 'billing', signal })
      for (const source of sources) source.onChange(() => {})
      const waiting = [sources[0], sources[2]].map((source) => rejection(source.waitForUpdate({ signal })))
      for await (const _ of client.watchX509Context({ signal })) break
      for (const source of sources) await source.close()
      await Promise.all(waiting)
      await client.close()
      await fetchX509SVID({ address: api.address, clock, signal })
      for await (const _ of watchX509Bundles({ address: api.address, clock, signal })) break
      await rejection(fetchX509SVID({ address: refusing.address, clock, signal }))
      await rejection(X509Source.create({ address: refusing.address, clock, signal }))
      await rejection(
        X509Source.create({ address: 'unix:///nowhere/agent.sock', clock, signal: AbortSignal.timeout(1) }),
      )
    }
    await cycle()
    await eventually(() => api.openCalls === 0)
    const before = resources()
    for (let at = 0; at < 20; at++) await cycle()
    await eventually(() => api.openCalls === 0)
    await eventually(() => grown(before, resources()).length === 0)
    refusing.close()
    expect(clock.pending).toBe(0)
  })

  it('after ten thousand messages, with listeners, consumers and waits on them', async () => {
    const clock = new ManualClock(NOW)
    const { signal } = new AbortController()
    const messages = [
      jwtBundlesResponse(),
      jwtBundlesResponse({ 'spiffe://acme.internal': new Uint8Array() }),
    ]
    let stream: Incoming<'fetchJWTBundles'> | undefined
    const rotating = await FakeWorkloadAPI.start()
    rotating.on('fetchJWTBundles', (call) => {
      stream = call
      call.send(messages[0] ?? jwtBundlesResponse())
    })
    const source = await JWTSource.create({ address: rotating.address, clock, signal })
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    let updates = 0
    const consumer = (async () => {
      for await (const _ of source.updates({ signal })) updates += 1
    })()
    const rotate = async (times: number): Promise<void> => {
      const until = changes + times
      while (changes < until) {
        const waiting = source.waitForUpdate({ signal })
        for (let at = 0; at < 100; at++) stream?.send(messages[(at + 1) % 2] ?? jwtBundlesResponse())
        await waiting
        await eventually(() => changes % 100 === 0)
      }
    }
    const held = (): Record<string, number> => ({
      ...resources(),
      onSignal: getEventListeners(signal, 'abort').length,
      clock: clock.pending,
    })
    await rotate(100)
    const before = held()
    await rotate(9_900)
    await eventually(() => grown(before, held()).length === 0)
    expect(updates).toBeGreaterThan(100)
    await source.close()
    await consumer
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    rotating.close()
  }, 120_000)
})
