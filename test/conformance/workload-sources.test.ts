import { connect, createServer, type Socket } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import { verify } from '../../src/svid/x509/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import {
  JWTSource,
  type JWTSourceOptions,
  socketEnv,
  validateAddress,
  WorkloadAPIClient,
  X509Source,
  type X509SourceOptions,
} from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { concatenated } from '../support/mint.ts'
import {
  acme,
  authorityNamed,
  HOUR_MS,
  inMs,
  jwt,
  jwtBundlesResponse,
  NOW,
  ORDERS,
  partner,
  strangeKey,
  type X509Content,
  x509Response,
  x509SVID,
} from '../workloadapi/messages.ts'
import { ProgramRunner } from '../workloadapi/program.ts'
import { codeOf, codeThrown, eventually, rejection } from '../workloadapi/support.ts'

const OTHER = 'spiffe://acme.internal/other'
const other = x509Response([x509SVID({}, { id: OTHER })])

let api: FakeWorkloadAPI
let clock: ManualClock
let errors: SpiffeError[]
let stream: Incoming<'fetchX509SVID'>
const first = x509Response()
const open: AsyncDisposable[] = []

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  errors = []
  api.on('fetchX509SVID', (call) => {
    stream = call
    call.send(first)
  })
  api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  api.on('fetchJWTSVID', (call) => {
    const { audience, spiffeID } = call.request
    const sub = spiffeID || ORDERS
    call.send({ svids: [{ spiffeID: sub, svid: jwt({ sub, aud: audience }), hint: '' }] })
  })
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  api.close()
})

const onError = (error: SpiffeError): void => {
  errors.push(error)
}

function newClient(): WorkloadAPIClient {
  const client = WorkloadAPIClient.create({ address: api.address, clock })
  open.push(client)
  return client
}

async function x509Source(options: X509SourceOptions = {}): Promise<X509Source> {
  const own = options.client ? {} : { address: api.address, clock }
  const source = await X509Source.create({ ...own, onError, ...options })
  open.push(source)
  return source
}

async function jwtSource(options: JWTSourceOptions = {}): Promise<JWTSource> {
  const source = await JWTSource.create({ address: api.address, clock, onError, ...options })
  open.push(source)
  return source
}

async function deliver(source: X509Source, message: X509Content): Promise<void> {
  const update = source.waitForUpdate()
  stream.send(message)
  await update
}

describe('a snapshot', () => {
  it('B-54 never pairs the SVID of one message with the bundles of another', async () => {
    const generations = ['a', 'b', 'c'].map((name) => {
      const issuer = authorityNamed(`generation ${name}`)
      return x509Response([x509SVID({}, { issuer, id: `spiffe://acme.internal/${name}` })])
    })
    const source = await x509Source()
    let reads = 0
    const consistent = (): void => {
      const { svid, bundles } = source.snapshot()
      expect(verify(svid.rawCertificates, bundles, { now: NOW }).id.equals(svid.id)).toBe(true)
      expect(source.getX509SVID()).toBe(svid)
      expect(source.getX509Bundle('acme.internal')).toBe(bundles.get('acme.internal'))
      reads += 1
    }
    source.onChange(consistent)
    for (let round = 0; round < 10; round++) {
      for (const message of generations) {
        await deliver(source, message)
        consistent()
      }
    }
    expect(reads).toBe(60)
  })

  it('B-55 waiting for an update does not end with what is there already', async () => {
    const source = await x509Source()
    let done = false
    const waiting = source.waitForUpdate().then((context) => {
      done = true
      return context
    })
    stream.send(first)
    stream.sendBytes(Buffer.from('?'))
    await eventually(() => errors.length === 1)
    expect(done).toBe(false)
    stream.send(other)
    expect((await waiting).svid.id.uri).toBe(OTHER)
  })

  it('B-56 the same message in another order is no change, and a change is told once', async () => {
    const bundle = concatenated(acme, partner)
    const reversed = concatenated(partner, acme)
    const svid = x509SVID({ bundle })
    const federated = { 'spiffe://partner': partner.der, 'spiffe://third': acme.der }
    const reordered = { 'spiffe://third': acme.der, 'spiffe://partner': partner.der }
    api.on('fetchX509SVID', (call) => {
      stream = call
      call.send(x509Response([svid], federated))
    })
    const source = await x509Source()
    const before = source.snapshot()
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    stream.send(x509Response([svid], federated))
    stream.send(x509Response([{ ...svid, bundle: reversed }], reordered))
    stream.sendBytes(Buffer.from('?'))
    await eventually(() => errors.length === 1)
    expect(source.snapshot()).toBe(before)
    expect(changes).toBe(0)
    for (const [at, message] of [
      x509Response([svid], { 'spiffe://partner': partner.der }),
      x509Response([{ ...svid, hint: 'a' }], { 'spiffe://partner': partner.der }),
      x509Response([{ ...svid, hint: 'a' }, x509SVID({ bundle }, { id: OTHER })], {
        'spiffe://partner': partner.der,
      }),
      x509Response([x509SVID({ bundle }, { id: OTHER }), { ...svid, hint: 'a' }], {
        'spiffe://partner': partner.der,
      }),
      x509Response([x509SVID({ bundle }, { id: OTHER, notAfter: inMs(2 * HOUR_MS) })]),
    ].entries()) {
      await deliver(source, message)
      expect(changes).toBe(at + 1)
    }
  })

  it('B-57 a change is told when it can be seen, and the end of the source ends the wait for one', async () => {
    const source = await x509Source()
    const seen: string[] = []
    source.onChange(() => seen.push(source.getX509SVID().id.uri))
    await deliver(source, other)
    expect(seen).toEqual([OTHER])
    const waiting = codeOf(source.waitForUpdate())
    const iterating = source.updates()
    await iterating.next()
    const next = iterating.next()
    await source.close()
    expect(await waiting).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('B-58 of two sources on one client, the end of one leaves the other alone; the client ends with its owner', async () => {
    const client = newClient()
    const [first, second] = [await x509Source({ client }), await x509Source({ client })]
    await first.close()
    await deliver(second, other)
    expect(second.getX509SVID().id.uri).toBe(OTHER)
    await second.close()
    expect((await client.fetchX509SVID()).id.uri).toBe(ORDERS)
    await client.close()
    expect(await codeOf(client.fetchX509SVID())).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
  })
})

describe('a stream', () => {
  it('B-59 without an identity asks again after a second at the earliest, and does not fill the log', async () => {
    const lines: string[] = []
    const logger = { info: () => {}, warn: (line: string) => lines.push(line) }
    api.on('fetchX509SVID', (call) => call.fail(status.PERMISSION_DENIED, 'no identity issued'))
    const creating = rejection(
      X509Source.create({ address: api.address, clock, onError, logger, timeoutMs: HOUR_MS }),
    )
    for (let failures = 1; failures <= 20; failures++) {
      await eventually(() => errors.length === failures)
      expect(clock.nextDueMs).toBeGreaterThanOrEqual(1_000)
      clock.advance(clock.nextDueMs ?? 0)
    }
    expect(lines).toHaveLength(3)
    expect(lines[2]).toMatch(/not logged again until it changes/)
    clock.advance(HOUR_MS)
    await creating
  })

  it('B-60 is opened again with pauses that only an accepted message starts over, and that have a maximum', async () => {
    const garbage = (call: Incoming<'fetchX509SVID'>): void => {
      call.sendBytes(Buffer.from('?'))
      call.fail(status.UNAVAILABLE)
    }
    const source = await x509Source()
    api.on('fetchX509SVID', garbage)
    stream.fail(status.UNAVAILABLE)
    const pauses: number[] = []
    for (let round = 0; round < 12; round++) {
      await eventually(() => source.health().failures === 1 + 2 * round)
      pauses.push(clock.nextDueMs ?? 0)
      if (round === 11)
        api.on('fetchX509SVID', (call) => {
          call.send(other)
          call.fail(status.UNAVAILABLE)
        })
      clock.advance(clock.nextDueMs ?? 0)
    }
    pauses.forEach((pause, round) => {
      const most = Math.min(30_000, 400 * 2 ** round)
      expect(pause).toBeLessThanOrEqual(most)
      expect(pause).toBeGreaterThanOrEqual(most / 2)
    })
    await eventually(() => source.health().failures === 1)
    expect(source.getX509SVID().id.uri).toBe(OTHER)
    expect(clock.nextDueMs).toBeLessThanOrEqual(400)
  })

  it.each([status.INVALID_ARGUMENT, status.UNIMPLEMENTED])(
    'B-61 refused for good (status %i) fails the start; later it is asked for slowly and the last good state kept',
    async (code) => {
      const source = await x509Source()
      const refuse = (call: Incoming<'fetchX509SVID'>): void => call.fail(code)
      api.on('fetchX509SVID', refuse)
      expect(await codeOf(x509Source())).toMatch(/INVALID_ARGUMENT|UNIMPLEMENTED/)
      expect(errors).toEqual([])

      stream.fail(code)
      for (let failures = 1; failures <= 3; failures++) {
        await eventually(() => errors.length === failures)
        expect(source.getX509SVID().id.uri).toBe(ORDERS)
        expect(source.health()).toMatchObject({ healthy: false, state: 'serving', failures })
        const pause = (source.health().retryAt?.getTime() ?? 0) - clock.now().getTime()
        expect(pause).toBeGreaterThanOrEqual(60_000)
        if (failures === 3) api.on('fetchX509SVID', (call) => call.send(other))
        // Renewed meanwhile or not, the pauses are what is looked at here.
        if (failures < 3) clock.advance(pause)
        else {
          const update = source.waitForUpdate()
          clock.advance(pause)
          expect((await update).svid.id.uri).toBe(OTHER)
        }
      }
    },
  )

  it('B-62 that ends in order is opened again promptly, but not in a circle, and its data is kept', async () => {
    const source = await x509Source()
    api.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      call.end()
    })
    stream.end()
    const pauseMs = (): number => (source.health().retryAt?.getTime() ?? 0) - clock.now().getTime()
    const pauses: number[] = []
    for (let attempt = 2; attempt <= 5; attempt++) {
      await eventually(() => pauseMs() > 0)
      pauses.push(pauseMs())
      expect(source.getX509SVID().id.uri).toBe(ORDERS)
      clock.advance(pauseMs())
      await eventually(() => api.attempts('fetchX509SVID') === attempt)
    }
    expect(pauses).toEqual([1_000, 1_000, 1_000, 1_000])
    expect(errors).toEqual([])
    expect(source.health().healthy).toBe(true)
  })

  it('B-62 that ends in order again and again without a message is opened with growing pauses', async () => {
    const source = await x509Source()
    api.on('fetchX509SVID', (call) => call.end())
    clock.advance(1_000)
    stream.end()
    await eventually(() => clock.nextDueMs === 0)
    clock.advance(0)
    await eventually(() => errors.length === 1)
    const first = clock.nextDueMs ?? 0
    clock.advance(first)
    await eventually(() => errors.length === 2)
    expect(first).toBeGreaterThanOrEqual(200)
    expect(clock.nextDueMs).toBeGreaterThanOrEqual(400)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
  })

  it('B-63 outlives a bad message: the state is kept and the error told', async () => {
    const source = await x509Source()
    const before = source.snapshot()
    stream.sendBytes(Buffer.from('garbage'))
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED')
    expect(source.snapshot()).toBe(before)
    expect(source.health()).toMatchObject({
      healthy: false,
      connected: true,
      failures: 1,
      retryAt: undefined,
    })
    await deliver(source, other)
    expect(source.health()).toMatchObject({ healthy: true, failures: 0, lastError: undefined })
    expect(api.attempts('fetchX509SVID')).toBe(1)
  })

  it('B-64 answered with PermissionDenied stops the source, which says so and serves again by itself', async () => {
    const source = await x509Source()
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    stream.fail(status.PERMISSION_DENIED)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED')
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(codeThrown(() => source.getX509Bundle('acme.internal'))).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(source.health()).toMatchObject({ healthy: false, state: 'redacted', expiresAt: undefined })
    expect(changes).toBe(1)

    api.on('fetchX509SVID', (call) =>
      call.attempt === 1 ? call.fail(status.PERMISSION_DENIED) : call.send(x509Response()),
    )
    clock.advance(clock.nextDueMs ?? 0)
    await eventually(() => errors.length === 2)
    expect(changes).toBe(1)
    clock.advance(clock.nextDueMs ?? 0)
    await eventually(() => source.health().state === 'serving')
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(changes).toBe(2)
  })

  it('B-64 answered with PermissionDenied is told, too, by a source that is asked to keep, which serves on', async () => {
    const source = await x509Source({ redaction: 'keep' })
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    stream.fail(status.PERMISSION_DENIED)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED')
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(source.health()).toMatchObject({ healthy: false, state: 'serving' })
    clock.advance(HOUR_MS)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_EXPIRED')
    expect(changes).toBe(1)
  })

  it('B-65 that never came leaves nothing behind, however often', async () => {
    const attempts = 30
    for (let at = 0; at < attempts; at++) {
      api.on('fetchX509SVID', (call) => (at % 2 === 0 ? undefined : call.fail(status.INVALID_ARGUMENT)))
      const failing = codeOf(X509Source.create({ address: api.address, clock, timeoutMs: 5 }))
      await eventually(() => api.attempts('fetchX509SVID') === at + 1)
      clock.advance(5)
      expect(await failing).toMatch(/TIMEOUT|INVALID_ARGUMENT/)
      await api.until(() => api.openCalls === 0)
      expect(clock.pending).toBe(0)
    }
  })

  it('B-66 that one message is needed of is ended after it', async () => {
    const client = newClient()
    await client.fetchX509Context()
    await client.fetchJWTBundles()
    await api.until(() => api.openCalls === 0)
    expect(api.attempts('fetchX509SVID')).toBe(1)
  })

  it('B-67 keeps no process alive once it is closed, nor where it is asked not to', async () => {
    using programs = await ProgramRunner.build()
    const ended = await programs.run(
      `
      const client = workloadapi.WorkloadAPIClient.create({ address })
      const closed = workloadapi.WorkloadAPIClient.create({ address })
      const watches = [client.watchX509Context({ persistent: false }), closed.watchX509Context()]
      const second = watches.map((watch) => watch.next().then(() => watch.next()))
      await new Promise((resolve) => setTimeout(resolve, 200))
      await closed.close()
      console.log((await second[1]).done)
      `,
      api.address,
    )
    expect(ended).toEqual({ code: 0, output: 'true\n' })
  })

  it('B-73 that we end ourselves is no error', async () => {
    const lines: string[] = []
    const logger = { info: () => {}, warn: (line: string) => lines.push(line) }
    const source = await x509Source({ logger })
    await source.close()
    const watch = newClient().watchX509Context({ onError })
    await watch.next()
    await watch.return?.()
    await api.until(() => api.openCalls === 0)
    expect(lines).toEqual([])
    expect(errors).toEqual([])
  })
})

describe('a token', () => {
  it('B-68 is asked for again after a passing failure alone, and once', async () => {
    const source = await jwtSource()
    const outcome = async (code: status): Promise<[string, number]> => {
      const before = api.attempts('fetchJWTSVID')
      api.on('fetchJWTSVID', (call) => call.fail(code))
      let settled = false
      const fetching = codeOf(source.fetchJWTSVID({ audience: `for ${code}` })).finally(() => {
        settled = true
      })
      await eventually(() => {
        if (clock.nextDueMs !== undefined && clock.nextDueMs <= 400) clock.advance(clock.nextDueMs)
        return settled
      })
      return [await fetching, api.attempts('fetchJWTSVID') - before]
    }
    expect(await outcome(status.UNAVAILABLE)).toEqual(['ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE', 2])
    for (const code of [
      status.PERMISSION_DENIED,
      status.INVALID_ARGUMENT,
      status.INTERNAL,
      status.RESOURCE_EXHAUSTED,
    ]) {
      expect((await outcome(code))[1]).toBe(1)
    }
  })

  it('B-68 is waited for no longer than an abort allows, also between two attempts', async () => {
    const source = await jwtSource()
    api.on('fetchJWTSVID', (call) => call.fail(status.UNAVAILABLE))
    const controller = new AbortController()
    const fetching = rejection(source.fetchJWTSVID({ audience: 'a', signal: controller.signal }))
    await eventually(() => (clock.nextDueMs ?? 0) <= 400 && clock.nextDueMs !== undefined)
    controller.abort('enough')
    expect(await fetching).toBe('enough')
  })

  it('B-69 SVIDs without a hint are all kept; of those with the same hint, the first', async () => {
    const source = await x509Source()
    const many = Array.from({ length: 5 }, () => x509SVID({}, { id: OTHER }))
    await deliver(
      source,
      x509Response([x509SVID({ hint: 'a' }), ...many, x509SVID({ hint: 'a' }, { id: OTHER })]),
    )
    expect(source.snapshot().svids.map(({ id, hint }) => [id.uri, hint])).toEqual([
      [ORDERS, 'a'],
      ...many.map(() => [OTHER, undefined]),
    ])
  })

  it('B-74 who aborts does not fail those who wait for the same; questions are told apart by structure', async () => {
    const source = await jwtSource()
    const calls: Incoming<'fetchJWTSVID'>[] = []
    api.on('fetchJWTSVID', (call) => {
      calls.push(call)
    })
    const controller = new AbortController()
    const aborted = rejection(source.fetchJWTSVID({ audience: ['a', 'b'], signal: controller.signal }))
    const kept = source.fetchJWTSVID({ audience: ['b', 'a'] })
    const different = source.fetchJWTSVID({ audience: 'a|b' })
    await eventually(() => calls.length === 2)
    controller.abort('mine')
    expect(await aborted).toBe('mine')
    for (const call of calls) {
      call.send({ svids: [{ spiffeID: ORDERS, svid: jwt({ aud: call.request.audience }), hint: '' }] })
    }
    expect((await kept).audience.toSorted()).toEqual(['a', 'b'])
    expect((await different).audience).toEqual(['a|b'])
    expect(calls).toHaveLength(2)
  })
})

describe('a message', () => {
  const refusals = async (message: X509Content, code: string): Promise<void> => {
    const source = await x509Source()
    const before = source.snapshot()
    stream.send(message)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe(code)
    expect(source.snapshot()).toBe(before)
  }

  it('B-70 with an SVID of another ID than it says is refused', async () => {
    await refusals(x509Response([x509SVID({ spiffeID: OTHER })]), 'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH')
  })

  it('B-70 with an SVID of another key is refused', async () => {
    await refusals(
      x509Response([x509SVID({ x509SVIDKey: strangeKey() })]),
      'ERR_SPIFFE_WORKLOAD_API_SVID_INVALID',
    )
  })

  it('B-71 with an SVID that has expired is refused, at the start too', async () => {
    const expired = x509Response([x509SVID({}, { notAfter: inMs(-1000) })])
    await refusals(expired, 'ERR_SPIFFE_WORKLOAD_API_SVID_EXPIRED')
    api.on('fetchX509SVID', (call) => call.send(expired))
    const creating = rejection(x509Source())
    await eventually(() => errors.length === 2)
    clock.advance(30_000)
    expect(await creating).toMatchObject({
      code: 'ERR_SPIFFE_SOURCE_TIMEOUT',
      cause: { code: 'ERR_SPIFFE_WORKLOAD_API_SVID_EXPIRED' },
    })
  })

  it('B-71 is served until its SVID expires and not a moment longer', async () => {
    const source = await x509Source()
    clock.advance(HOUR_MS - 1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    clock.advance(1)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_EXPIRED')
    expect(errors.map(({ code }) => code)).toEqual(['ERR_SPIFFE_SOURCE_EXPIRED'])
  })

  it('B-72 of more than 64 MiB is an error with a code, and what was held is kept', async () => {
    const source = await x509Source()
    stream.sendBytes(Buffer.alloc(64 * 1024 * 1024 + 1))
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_EXHAUSTED')
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
  })

  it('B-72 with a hundred SVIDs and a thousand bundles is one like any other', async () => {
    const svid = x509SVID()
    const bundles = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [`spiffe://td-${at}`, partner.der]),
    )
    const source = await x509Source()
    await deliver(
      source,
      x509Response(
        Array.from({ length: 101 }, () => svid),
        bundles,
      ),
    )
    expect(source.snapshot().svids).toHaveLength(101)
    expect(source.snapshot().bundles.size).toBe(1_001)
  })
})

describe('a client', () => {
  it('B-75 ends its HTTP/2 session when it is closed; later calls fail and say why', async () => {
    const sockets: Socket[] = []
    const relay = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.pipe(connect(api.path)).pipe(socket)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const address = relay.address()
    const client = WorkloadAPIClient.create({
      address: `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
      clock,
    })
    await client.fetchX509Context()
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false])
    await client.close()
    await eventually(() => sockets.every(({ destroyed }) => destroyed))
    expect(await codeOf(client.fetchX509Context())).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
    expect(sockets).toHaveLength(1)
    relay.close()
  })

  it('B-76 sends the mandatory metadata whatever a caller passes', async () => {
    const seen: unknown[] = []
    api.on('fetchX509SVID', (call) => {
      seen.push(call.metadata.get('workload.spiffe.io'))
      call.send(x509Response())
    })
    const client = newClient()
    await client.fetchX509Context()
    await client.fetchX509Context({ metadata: { 'workload.spiffe.io': 'false' } } as never)
    expect(seen).toEqual([['true'], ['true']])
  })

  it.each(['unix:/p', 'unix:///p', 'tcp://[::1]:1', 'tcp://127.0.0.1:65535'])(
    'B-77 takes the address %s',
    (address) => {
      expect(codeThrown(() => validateAddress(address))).toBe(undefined)
    },
  )

  it.each([
    'unix://host/p',
    'unix://user@/p',
    'unix://:password@/p',
    'unix:///p?q',
    'unix:///p#f',
    'unix:p',
    'tcp://::1:80',
    'tcp://127.0.0.1:0',
    'tcp://127.0.0.1:65536',
    'tcp://:password@127.0.0.1:80',
    'npipe:spire-agent',
  ])('B-77 refuses the address %s', (address) => {
    expect(codeThrown(() => validateAddress(address))).toMatch(/^ERR_SPIFFE_ENDPOINT_/)
  })

  it('B-79 tells an unset variable from an empty one', () => {
    vi.stubEnv(socketEnv, undefined)
    expect(codeThrown(() => WorkloadAPIClient.create())).toBe('ERR_SPIFFE_ENDPOINT_UNSET')
    expect(() => WorkloadAPIClient.create()).toThrow(/is not set .*; set SPIFFE_ENDPOINT_SOCKET/)
    vi.stubEnv(socketEnv, '')
    expect(codeThrown(() => WorkloadAPIClient.create())).toBe('ERR_SPIFFE_ENDPOINT_EMPTY')
    expect(() => WorkloadAPIClient.create()).toThrow(/SPIFFE_ENDPOINT_SOCKET is empty .*; write an address/)
  })

  it.each([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED])(
    'B-80 meets a rate limit (status %i) with a backoff',
    async (code) => {
      const source = await x509Source()
      stream.fail(code)
      await eventually(() => errors.length === 1)
      expect(clock.nextDueMs).toBeGreaterThanOrEqual(200)
      expect(api.attempts('fetchX509SVID')).toBe(1)
      expect(source.getX509SVID().id.uri).toBe(ORDERS)
    },
  )

  it('B-81 calls a token that remote validation refuses not valid, and does not send it again', async () => {
    const client = newClient()
    api.on('validateJWTSVID', (call) => call.send({ spiffeID: ORDERS, claims: { sub: ORDERS } }))
    expect((await client.validateJWTSVID(jwt(), 'billing')).id.uri).toBe(ORDERS)
    api.on('validateJWTSVID', (call) => call.fail(status.INVALID_ARGUMENT, 'token has expired'))
    expect(await codeOf(client.validateJWTSVID(jwt(), 'billing'))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED',
    )
    expect(api.attempts('validateJWTSVID')).toBe(2)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('of the picker')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a promise that is rejected', () => Promise.reject(new Error('of the picker'))],
    ['returns another SVID', () => ({ id: ORDERS })],
  ])('B-82 tells that its picker %s, keeps the old SVID and lives on', async (_, fail) => {
    let failing = false
    const source = await x509Source({ picker: (svids) => (failing ? fail() : svids[0]) as never })
    failing = true
    stream.send(other)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_SOURCE_PICKER')
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    failing = false
    await deliver(source, other)
    expect(source.getX509SVID().id.uri).toBe(OTHER)
  })
})
