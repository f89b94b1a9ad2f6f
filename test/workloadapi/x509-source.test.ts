import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import type { X509Context } from '../../src/svid/source.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { WorkloadAPIClient, X509Source, type X509SourceOptions } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { acme, HOUR_MS, inMs, NOW, ORDERS, partner, x509Response, x509SVID } from './messages.ts'
import { codeOf, codeThrown, eventually, rejection } from './support.ts'

const RENAMED = 'spiffe://acme.internal/renamed'
const renamed = x509Response([x509SVID({}, { id: RENAMED })])

let api: FakeWorkloadAPI
let clock: ManualClock
/** The newest stream that the source opened. */
let stream: Incoming<'fetchX509SVID'>
const sources: X509Source[] = []
/** What the sources of a test reported, unless it listens itself. */
let errors: SpiffeError[]

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  errors = []
  api.on('fetchX509SVID', (call) => {
    stream = call
    call.send(x509Response())
  })
})

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  api.close()
})

async function create(options: X509SourceOptions = {}): Promise<X509Source> {
  const own = options.client === undefined ? { address: api.address, clock } : {}
  const source = await X509Source.create({ ...own, onError: (error) => errors.push(error), ...options })
  sources.push(source)
  return source
}

/** Sends a message and waits until the source has it. */
async function rotate(source: X509Source, message = renamed): Promise<void> {
  const changed = source.waitForUpdate()
  stream.send(message)
  await changed
}

/** Has the source try again at once. */
async function retry(source: X509Source): Promise<void> {
  await eventually(() => source.health().retryAt !== undefined && clock.nextDueMs !== undefined)
  const retryAt = source.health().retryAt ?? NOW
  clock.advance(retryAt.getTime() - clock.now().getTime())
}

describe('X509Source.create', () => {
  it('resolves when the first identity is there, which is then read without waiting', async () => {
    api.on('fetchX509SVID', (call) =>
      call.send(x509Response([x509SVID()], { 'spiffe://partner': partner.der })),
    )
    const source = await create()
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(source.snapshot().svid).toBe(source.getX509SVID())
    expect(source.getX509Bundle('partner')?.rawX509Authorities).toEqual([new Uint8Array(partner.der)])
    expect(source.getX509Bundle('stranger')).toBe(undefined)
    expect([...source.getX509Bundles()].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'acme.internal',
      'partner',
    ])
  })

  it('waits for an identity that is registered later', async () => {
    api.on('fetchX509SVID', (call) => {
      if (call.attempt < 3) call.fail(status.PERMISSION_DENIED, 'no identity issued')
      else call.send(x509Response())
    })
    const creating = create()
    for (let attempt = 1; attempt <= 3; attempt++) {
      await eventually(() => errors.length === attempt)
      clock.advance(clock.nextDueMs ?? 0)
    }
    expect((await creating).getX509SVID().id.uri).toBe(ORDERS)
  })

  it('waits for an agent that is started later', async () => {
    api.stop()
    const creating = create()
    await eventually(() => errors.length === 1)
    await api.listen()
    clock.advance(clock.nextDueMs ?? 0)
    expect((await creating).getX509SVID().id.uri).toBe(ORDERS)
  })

  it('gives up after 30 seconds unless told otherwise, and says what it waited for and what was wrong', async () => {
    api.on('fetchX509SVID', (call) => call.fail(status.PERMISSION_DENIED, 'no identity issued'))
    for (const [options, timeoutMs] of [
      [{}, 30_000],
      [{ timeoutMs: 500 }, 500],
    ] as const) {
      clock = new ManualClock(NOW)
      errors = []
      const failing = rejection(create(options))
      await eventually(() => errors.length === 1)
      clock.advance(timeoutMs)
      const error = await failing
      expect(error).toMatchObject({
        code: 'ERR_SPIFFE_SOURCE_TIMEOUT',
        cause: { code: 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED' },
      })
      expect((error as Error).message).toContain(
        `the X509Source at ${api.address} got nothing within ${timeoutMs} ms`,
      )
      expect((error as Error).message).toContain('has no identity for this process: "no identity issued"')
      expect((error as Error).message).toContain('create an entry whose selectors match this process')
      expect(clock.pending).toBe(0)
    }
  })

  it('names no last failure where there was only silence', async () => {
    api.on('fetchX509SVID', () => {})
    const failing = rejection(create({ timeoutMs: 10 }))
    await api.until(() => api.openCalls === 1)
    clock.advance(10)
    const error = await failing
    expect(error).toMatchObject({
      code: 'ERR_SPIFFE_SOURCE_TIMEOUT',
      message: expect.not.stringContaining('last failure'),
    })
    expect(error).not.toHaveProperty('cause')
    await api.until(() => api.openCalls === 0)
  })

  it.each([
    [status.INVALID_ARGUMENT, 'INVALID_ARGUMENT'],
    [status.UNIMPLEMENTED, 'UNIMPLEMENTED'],
  ])('fails at once on what cannot get better: status %i', async (code, expected) => {
    api.on('fetchX509SVID', (call) => call.fail(code))
    expect(await codeOf(create())).toBe(`ERR_SPIFFE_WORKLOAD_API_${expected}`)
    expect(clock.pending).toBe(0)
    expect(api.openCalls).toBe(0)
  })

  it('throws the reason of its signal, before and while it waits, and listens to it no longer than that', async () => {
    const reason = { my: 'reason' }
    expect(await rejection(create({ signal: AbortSignal.abort(reason) }))).toBe(reason)
    // Before anything else is looked at, such as an address that is no good.
    expect(await rejection(create({ signal: AbortSignal.abort(reason), address: 'nowhere' }))).toBe(reason)
    expect(api.attempts('fetchX509SVID')).toBe(0)

    const controller = new AbortController()
    const source = await create({ signal: controller.signal })
    api.on('fetchX509SVID', () => {})
    const failing = rejection(create({ signal: controller.signal }))
    await api.until(() => api.openCalls === 2)
    controller.abort(reason)
    expect(await failing).toBe(reason)
    await api.until(() => api.openCalls === 1)
    expect(source.health().healthy).toBe(true)
  })

  it.each([
    ['address', { address: 1 }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: '1' }],
    ['redaction', { redaction: 'ignore' }],
    ['picker', { picker: 'first' }],
  ])('refuses a wrong %s as a TypeError', async (_, options) => {
    expect(await rejection(create(options as never))).toBeInstanceOf(TypeError)
    expect(api.attempts('fetchX509SVID')).toBe(0)
  })

  it('refuses an address or a clock beside a client, which has them', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    for (const other of [{ address: api.address }, { clock }]) {
      expect(await rejection(create({ client, ...other }))).toBeInstanceOf(TypeError)
    }
    await client.close()
  })
})

describe('an X509Source', () => {
  it('takes a new message as a whole and at once', async () => {
    const source = await create()
    const before = source.snapshot()
    await rotate(source, x509Response([x509SVID({}, { id: RENAMED })], { 'spiffe://partner': partner.der }))
    expect(source.getX509SVID().id.uri).toBe(RENAMED)
    expect(source.snapshot().bundles.has('partner')).toBe(true)
    expect(before.svid.id.uri).toBe(ORDERS)
    expect(before.bundles.has('partner')).toBe(false)
  })

  it('presents the identity that its picker chose, and asks it for every message', async () => {
    const asked: number[] = []
    const source = await create({
      picker: (svids) => {
        asked.push(svids.length)
        return svids.find(({ hint }) => hint === 'public') ?? (svids[0] as never)
      },
    })
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    await rotate(source, x509Response([x509SVID(), x509SVID({ hint: 'public' }, { id: RENAMED })]))
    expect(source.getX509SVID().id.uri).toBe(RENAMED)
    expect(source.snapshot().svids).toHaveLength(2)
    expect(asked).toEqual([1, 2])
  })

  it('throws from every getter once it is closed', async () => {
    const source = await create()
    await source.close()
    for (const get of [
      () => source.snapshot(),
      () => source.getX509SVID(),
      () => source.getX509Bundle('acme.internal'),
      () => source.getX509Bundles(),
    ]) {
      expect(codeThrown(get)).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    }
    expect(source.health()).toMatchObject({
      healthy: false,
      state: 'closed',
      connected: false,
      retryAt: undefined,
    })
    expect(await codeOf(source.waitForUpdate())).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    await source.close()
    await source[Symbol.asyncDispose]()
    await api.until(() => api.openCalls === 0)
    expect(clock.pending).toBe(0)
  })

  it('throws from every getter once its SVID has expired, says so, and serves again when there is a new one', async () => {
    const source = await create()
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    clock.advance(HOUR_MS - 1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect([changes, errors]).toEqual([0, []])
    clock.advance(1)
    for (const get of [
      () => source.snapshot(),
      () => source.getX509SVID(),
      () => source.getX509Bundle('acme.internal'),
      () => source.getX509Bundles(),
    ]) {
      expect(codeThrown(get)).toBe('ERR_SPIFFE_SOURCE_EXPIRED')
    }
    expect(source.health()).toMatchObject({ healthy: false, state: 'expired', connected: true })
    expect(changes).toBe(1)
    expect(errors.map(({ code }) => code)).toEqual(['ERR_SPIFFE_SOURCE_EXPIRED'])

    await rotate(source, x509Response([x509SVID({}, { notAfter: inMs(2 * HOUR_MS) })]))
    expect(source.getX509SVID().expiresAt).toEqual(inMs(2 * HOUR_MS))
    expect(source.health()).toMatchObject({ healthy: true, state: 'serving' })
    expect(changes).toBe(2)
  })

  it('does not take a timer that comes early for the expiry', async () => {
    const source = await create()
    // The time of day goes back while timers go on.
    const now = vi.spyOn(clock, 'now').mockImplementation(() => inMs(-1000))
    clock.advance(HOUR_MS)
    expect(source.health().state).toBe('serving')
    expect(errors).toEqual([])
    now.mockRestore()
    clock.advance(HOUR_MS + 1000)
    expect(source.health().state).toBe('expired')
    expect(errors.map(({ code }) => code)).toEqual(['ERR_SPIFFE_SOURCE_EXPIRED'])
  })

  it('keeps what it has while the agent is away, and tries again', async () => {
    const source = await create()
    api.stop()
    await eventually(() => errors.length === 1)
    await retry(source)
    await eventually(() => errors.length === 2)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(source.health()).toMatchObject({ healthy: false, state: 'serving', connected: false })
    expect(source.health().lastError?.code).toMatch(/UNAVAILABLE|SOCKET_MISSING/)
    expect(source.health().retryAt?.getTime()).toBeGreaterThanOrEqual(clock.now().getTime())

    api.on('fetchX509SVID', (call) => call.send(renamed))
    await api.listen()
    const changed = source.waitForUpdate()
    await retry(source)
    expect((await changed).svid.id.uri).toBe(RENAMED)
    expect(source.health()).toMatchObject({
      healthy: true,
      failures: 0,
      lastError: undefined,
      retryAt: undefined,
    })
  })

  it('says when a renewal is overdue: an agent may be connected and stuck', async () => {
    const source = await create()
    // 61 minutes long: a sixth of it before the end.
    clock.advance(HOUR_MS - 61 * 10_000)
    expect(source.health()).toMatchObject({ healthy: true, renewalOverdue: false })
    clock.advance(1)
    expect(source.health()).toMatchObject({
      healthy: false,
      renewalOverdue: true,
      connected: true,
      state: 'serving',
    })
  })

  it('says which bundles it could not use, which does not make it ill', async () => {
    const broken = { 'spiffe://broken': Buffer.from('?') }
    api.on('fetchX509SVID', (call) => {
      stream = call
      call.send(x509Response([x509SVID()], broken))
    })
    const source = await create({ onError: (error) => errors.push(error) })
    expect(source.health()).toMatchObject({
      healthy: true,
      skipped: [{ code: 'ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED' }],
    })
    await eventually(() => errors.length === 1)
    await rotate(source)
    expect(source.health().skipped).toEqual([])
  })

  it('shares a client with others, and leaves it to them', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const first = await create({ client })
    const second = await create({ client })
    await first.close()
    await api.until(() => api.openCalls === 1)
    await rotate(second)
    expect(second.getX509SVID().id.uri).toBe(RENAMED)
    expect((await client.fetchX509SVID()).id.uri).toBe(ORDERS)
    await client.close()
  })

  it('that fails to start leaves nothing open on the client it shares', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    api.on('fetchX509SVID', () => {})
    const failing = codeOf(create({ client, timeoutMs: 10 }))
    await api.until(() => api.openCalls === 1)
    clock.advance(10)
    expect(await failing).toBe('ERR_SPIFFE_SOURCE_TIMEOUT')
    await api.until(() => api.openCalls === 0)
    expect(clock.pending).toBe(0)
    await client.close()
  })

  it('serves nothing any more once the client it shares is closed: nothing newer could come', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const source = await create({ client })
    await client.close()
    await eventually(() => source.health().state === 'closed')
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect(errors).toMatchObject([
      { code: 'ERR_SPIFFE_SOURCE_CLOSED', cause: { code: 'ERR_SPIFFE_WORKLOAD_API_CLOSED' } },
    ])
    expect(await codeOf(create({ client }))).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
  })
})

describe('updates', () => {
  it('begin with what is held and go on with what comes, for any number of consumers', async () => {
    const source = await create()
    const seen: string[][] = [[], []]
    const consume = async (into: string[]): Promise<void> => {
      for await (const { svid } of source.updates()) into.push(svid.id.path)
    }
    const consumers = seen.map(consume)
    await rotate(source)
    await eventually(() => seen.every((paths) => paths.length === 2))
    await source.close()
    await Promise.all(consumers)
    expect(seen).toEqual([
      ['/orders', '/renamed'],
      ['/orders', '/renamed'],
    ])
  })

  it('give a slow consumer the newest and nothing that it replaced', async () => {
    const source = await create()
    const updates = source.updates()
    expect((await updates.next()).value?.svid.id.path).toBe('/orders')
    for (const name of ['a', 'b', 'c']) {
      await rotate(source, x509Response([x509SVID({}, { id: `spiffe://acme.internal/${name}` })]))
    }
    expect((await updates.next()).value?.svid.id.path).toBe('/c')
    const next = updates.next()
    await rotate(source)
    expect((await next).value?.svid.id.path).toBe('/renamed')
  })

  it('end with the source, also while somebody waits, and on return', async () => {
    const source = await create()
    const waiting = source.updates()
    const returned = source.updates()
    for (const updates of [waiting, returned]) await updates.next()
    const pending = [waiting.next(), returned.next()]
    await returned.return?.()
    expect(await pending[1]).toEqual({ done: true, value: undefined })
    await source.close()
    expect(await pending[0]).toEqual({ done: true, value: undefined })
    expect(await source.updates().next()).toEqual({ done: true, value: undefined })
  })

  it('throw the reason of their signal', async () => {
    const source = await create()
    const controller = new AbortController()
    const updates = source.updates({ signal: controller.signal })
    await updates.next()
    const failing = rejection(updates.next())
    controller.abort('enough')
    expect(await failing).toBe('enough')
    expect(await updates.next()).toEqual({ done: true, value: undefined })
    expect(await rejection(source.waitForUpdate({ signal: AbortSignal.abort('early') }))).toBe('early')
  })

  it('give nothing while the source does not serve', async () => {
    const source = await create()
    const seen: X509Context[] = []
    const consuming = (async () => {
      for await (const context of source.updates()) seen.push(context)
    })()
    await eventually(() => seen.length === 1)
    stream.fail(status.PERMISSION_DENIED)
    await eventually(() => source.health().state === 'redacted')
    expect(seen).toHaveLength(1)
    await retry(source)
    await eventually(() => seen.length === 2)
    await source.close()
    await consuming
  })
})

describe('a listener for changes', () => {
  it('is called once for each change, until its subscription ends', async () => {
    const source = await create()
    let calls = 0
    const listener = (): void => {
      calls += 1
    }
    const ends = [source.onChange(listener), source.onChange(listener)]
    await rotate(source)
    expect(calls).toBe(2)
    ends[0]?.()
    ends[0]?.()
    await rotate(source, x509Response())
    expect(calls).toBe(3)
    ends[1]?.()
    await rotate(source)
    expect(calls).toBe(3)
  })

  it('is not called any more once another one has ended its subscription', async () => {
    const source = await create()
    const called: string[] = []
    const ends: (() => void)[] = []
    for (const name of ['first', 'second', 'third']) {
      ends.push(
        source.onChange(() => {
          called.push(name)
          ends[1]?.()
        }),
      )
    }
    await rotate(source)
    expect(called).toEqual(['first', 'third'])
  })

  it('that throws stops neither the others nor the source, and is shown', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const source = await create()
    let called = false
    source.onChange(() => {
      throw new Error('of the listener')
    })
    source.onChange(() => {
      called = true
    })
    await rotate(source)
    expect(called).toBe(true)
    expect(await warned).toMatchObject({ message: expect.stringContaining('of the listener') })
    await rotate(source, x509Response())
  })

  it('may be asynchronous, and its failure stops nothing either', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const source = await create({
      onError: async () => {
        throw new Error('of the promise')
      },
    })
    stream.sendBytes(Buffer.from('?'))
    expect(await warned).toMatchObject({ message: expect.stringContaining('of the promise') })
    await rotate(source)
  })

  it('of a closed source is never called', async () => {
    const source = await create()
    await source.close()
    source.onChange(() => expect.unreachable())()
  })

  it('must be a function', async () => {
    const source = await create()
    expect(() => source.onChange(undefined as never)).toThrow(TypeError)
  })
})

describe('what a source tells', () => {
  it('goes to the logger, with what led to it and without secrets', async () => {
    const lines: string[] = []
    const logger = {
      info: (line: string) => lines.push(`info ${line}`),
      warn: (line: string) => lines.push(`warn ${line}`),
    }
    const source = await create({ logger })
    stream.send(x509Response([x509SVID({ bundle: partner.der })]))
    await eventually(() => lines.length === 2)
    expect(lines[0]).toBe(
      `info X509Source at ${api.address}: serves X509SVID(${ORDERS}, expires 2030-01-01T01:00:00.000Z)`,
    )
    expect(lines[1]).toMatch(
      /^warn X509Source at .*: the X509-SVID of "spiffe:\/\/acme\.internal\/orders" does not chain to the bundle it came with .*; because /,
    )
    expect(source.health().lastError?.code).toBe('ERR_SPIFFE_WORKLOAD_API_SVID_UNTRUSTED')
    stream.send(x509Response())
    await eventually(() => lines.length === 3)
    expect(lines[2]).toMatch(/^info .* serves/)
    expect(lines.join()).not.toContain(Buffer.from(acme.der).toString('base64').slice(0, 20))
  })

  it('goes to diagnostics_channel', async () => {
    const published: unknown[] = []
    const listen = (message: unknown): void => {
      published.push(message)
    }
    const channels = ['js-spiffe:workloadapi:update', 'js-spiffe:workloadapi:error']
    for (const channel of channels) subscribe(channel, listen)
    try {
      const source = await create()
      stream.sendBytes(Buffer.from('?'))
      await eventually(() => published.length === 2)
      expect(published).toEqual([
        { source: 'X509Source', address: api.address },
        { source: 'X509Source', address: api.address, error: source.health().lastError },
      ])
    } finally {
      for (const channel of channels) unsubscribe(channel, listen)
    }
  })
})
