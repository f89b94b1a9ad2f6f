import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpiffeErrorCode } from '../../src/errors.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { X509Source, type X509SourceOptions } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { NOW, ORDERS, x509Response, x509SVID } from './messages.ts'
import { codeThrown, eventually } from './support.ts'

const DENIED = 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'
const LONGEST_DOUBT_MS = 10_000
const identity = x509Response()

let api: FakeWorkloadAPI
let clock: ManualClock
let streams: Incoming<'fetchX509SVID'>[]
let errors: SpiffeErrorCode[]
let source: X509Source
let changes: number

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  streams = []
  errors = []
  changes = 0
  api.on('fetchX509SVID', (call) => {
    streams.push(call)
    if (call.attempt === 0) call.send(identity)
  })
})

afterEach(async () => {
  await source.close()
  api.close()
})

/** A source that holds an identity, and whose later streams say nothing by themselves. */
async function create(options: X509SourceOptions = {}): Promise<void> {
  const onError: X509SourceOptions['onError'] = ({ code }) => errors.push(code)
  source = await X509Source.create({ address: api.address, clock, onError, ...options })
  source.onChange(() => {
    changes += 1
  })
}

async function stream(at: number): Promise<Incoming<'fetchX509SVID'>> {
  await eventually(() => streams[at] !== undefined)
  return streams[at] as Incoming<'fetchX509SVID'>
}

async function deny(at = 0): Promise<void> {
  const before = errors.length
  ;(await stream(at)).fail(status.PERMISSION_DENIED, 'no identity issued')
  await eventually(() => errors.length > before)
  clock.advance(0)
}

describe('a source whose identity is denied', () => {
  it('stops at once, and asks again after a pause', async () => {
    await create()
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    await deny()
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(source.health().retryAt?.getTime()).toBeGreaterThan(NOW.getTime())
    expect(changes).toBe(1)
  })
})

describe('a source that has a denial confirmed', () => {
  beforeEach(() => create({ redaction: 'confirm' }))

  it('serves on while it asks again, which it does at once, and tells of the denial', async () => {
    await deny()
    await stream(1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(source.health()).toMatchObject({ healthy: false, state: 'serving', lastError: { code: DENIED } })
    expect(errors).toEqual([DENIED])
    expect(changes).toBe(0)
  })

  it('takes what it is given then for the identity, and stops no more', async () => {
    await deny()
    ;(await stream(1)).send(x509Response([x509SVID({}, { id: 'spiffe://acme.internal/renewed' })]))
    await eventually(() => source.health().healthy)
    clock.advance(LONGEST_DOUBT_MS)
    expect(source.getX509SVID().id.uri).toBe('spiffe://acme.internal/renewed')
    expect(changes).toBe(1)
  })

  it('is content with what it had, too', async () => {
    await deny()
    ;(await stream(1)).send(identity)
    await eventually(() => source.health().healthy)
    clock.advance(LONGEST_DOUBT_MS)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(changes).toBe(0)
  })

  it('stops at the second denial, and tries again after a pause', async () => {
    await deny()
    await deny(1)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(source.health().retryAt?.getTime()).toBeGreaterThan(clock.now().getTime())
    expect(errors).toEqual([DENIED, DENIED])
    expect(changes).toBe(1)
  })

  it('stops when the agent goes away before it has taken the denial back', async () => {
    await deny()
    ;(await stream(1)).fail(status.UNAVAILABLE)
    await eventually(() => errors.length === 2)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(changes).toBe(1)
  })

  it('stops when there is no answer for 10 seconds', async () => {
    await deny()
    await stream(1)
    clock.advance(LONGEST_DOUBT_MS - 1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    clock.advance(1)
    expect(codeThrown(() => source.getX509SVID())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(changes).toBe(1)
  })

  it('serves again by itself after all', async () => {
    await deny()
    await stream(1)
    clock.advance(LONGEST_DOUBT_MS)
    expect(source.health().state).toBe('redacted')
    streams[1]?.send(identity)
    await eventually(() => source.health().state === 'serving')
    expect(changes).toBe(2)
  })

  it('has each denial confirmed by itself, in no circle faster than one a second', async () => {
    await deny()
    ;(await stream(1)).send(identity)
    await eventually(() => source.health().healthy)
    await deny(1)
    expect(source.health().retryAt).toEqual(new Date(NOW.getTime() + 1_000))
    clock.advance(999)
    expect(streams).toHaveLength(2)
    clock.advance(1)
    await stream(2)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(changes).toBe(0)
  })

  it('leaves no timer behind when it is closed in doubt', async () => {
    await deny()
    await stream(1)
    await source.close()
    expect(clock.pending).toBe(0)
  })

  it('does not take an agent that is away for a denial', async () => {
    ;(await stream(0)).fail(status.UNAVAILABLE)
    await eventually(() => errors.length === 1)
    expect(source.getX509SVID().id.uri).toBe(ORDERS)
    expect(source.health().retryAt?.getTime()).toBeGreaterThan(NOW.getTime())
  })
})
