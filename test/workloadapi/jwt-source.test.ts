import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import { parseAndValidate } from '../../src/svid/jwt/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { JWTSource, type JWTSourceOptions, WorkloadAPIClient } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI, type Incoming } from '../support/fake-workload-api.ts'
import { jwks, jwt, jwtBundlesResponse, NOW, ORDERS } from './messages.ts'
import { codeOf, codeThrown, eventually, rejection } from './support.ts'

const OTHER = 'spiffe://acme.internal/other'
const MINUTE_MS = 60_000

let api: FakeWorkloadAPI
let clock: ManualClock
let stream: Incoming<'fetchJWTBundles'>
let errors: SpiffeError[]
const sources: JWTSource[] = []

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  errors = []
  api.on('fetchJWTBundles', (call) => {
    stream = call
    call.send(jwtBundlesResponse())
  })
  api.on('fetchJWTSVID', answer)
})

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  api.close()
})

/** Gives what is asked for, for five minutes from now; each time another token. */
function answer(call: Incoming<'fetchJWTSVID'>): void {
  const { audience, spiffeID } = call.request
  const issuedAt = clock.now().getTime() / 1000
  const sub = spiffeID || ORDERS
  const claims = { sub, aud: audience, iat: issuedAt, exp: issuedAt + 300, jti: String(call.attempt) }
  call.send({ svids: [{ spiffeID: sub, svid: jwt(claims), hint: '' }] })
}

async function create(options: JWTSourceOptions = {}): Promise<JWTSource> {
  const own = options.client === undefined ? { address: api.address, clock } : {}
  const source = await JWTSource.create({ ...own, onError: (error) => errors.push(error), ...options })
  sources.push(source)
  return source
}

const fetched = (): number => api.attempts('fetchJWTSVID')

describe('JWTSource.create', () => {
  it('resolves when the first bundles are there', async () => {
    const source = await create()
    expect(source.getJWTBundle('acme.internal')?.has('acme-1')).toBe(true)
    expect(source.getJWTBundle('stranger')).toBe(undefined)
    expect([...source.getJWTBundles()]).toHaveLength(1)
    expect(fetched()).toBe(0)
  })

  it('validates the tokens of others with them', async () => {
    const source = await create()
    const svid = await parseAndValidate(jwt(), source, ['billing'], { now: NOW })
    expect(svid.id.uri).toBe(ORDERS)
  })

  it('says what was wrong when nothing comes in time', async () => {
    api.on('fetchJWTBundles', (call) => call.fail(status.PERMISSION_DENIED))
    const failing = rejection(create())
    await eventually(() => errors.length === 1)
    clock.advance(30_000)
    expect(await failing).toMatchObject({
      code: 'ERR_SPIFFE_SOURCE_TIMEOUT',
      cause: { code: 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED' },
    })
  })

  it.each([0, -1, 1.5, '1', Number.POSITIVE_INFINITY])(
    'refuses maxCachedTokens %j as a TypeError',
    async (value) => {
      expect(await rejection(create({ maxCachedTokens: value as never }))).toBeInstanceOf(TypeError)
    },
  )
})

describe('the bundles of a JWTSource', () => {
  it('are those of the newest message', async () => {
    const source = await create()
    let changes = 0
    source.onChange(() => {
      changes += 1
    })
    const next = source.waitForUpdate()
    stream.send(
      jwtBundlesResponse({ 'spiffe://acme.internal': jwks('acme-2'), 'spiffe://partner': jwks('p') }),
    )
    expect((await next).size).toBe(2)
    expect(source.getJWTBundle('acme.internal')?.has('acme-1')).toBe(false)
    expect(source.getJWTBundle('partner')?.has('p')).toBe(true)
    expect(changes).toBe(1)
    expect((await source.updates().next()).value?.size).toBe(2)
  })

  it('may be empty, and are then trusted for nothing', async () => {
    const source = await create()
    const next = source.waitForUpdate()
    stream.send(
      jwtBundlesResponse({
        'spiffe://acme.internal': Buffer.from('{"keys":[]}'),
        'spiffe://partner': new Uint8Array(),
      }),
    )
    await next
    expect(source.getJWTBundle('acme.internal')?.isEmpty).toBe(true)
    expect(source.getJWTBundle('partner')?.isEmpty).toBe(true)
  })

  it('cost one trust domain alone where one cannot be read', async () => {
    const source = await create()
    const next = source.waitForUpdate()
    stream.send(
      jwtBundlesResponse({ 'spiffe://acme.internal': jwks('acme-2'), 'spiffe://partner': Buffer.from('{') }),
    )
    expect((await next).has('partner')).toBe(false)
    await eventually(() => errors.length === 1)
    expect(source.health()).toMatchObject({
      healthy: true,
      skipped: [{ code: 'ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED' }],
    })
  })

  it('stay as they are where a message names none', async () => {
    const source = await create()
    stream.send(jwtBundlesResponse({}))
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY')
    expect(source.getJWTBundle('acme.internal')?.has('acme-1')).toBe(true)
    expect(source.health()).toMatchObject({ healthy: false, state: 'serving', connected: true })
  })

  it('are served no longer when they are withdrawn, and no token that was kept is', async () => {
    const source = await create()
    await source.fetchJWTSVID({ audience: 'billing' })
    stream.fail(status.PERMISSION_DENIED)
    await eventually(() => source.health().state === 'redacted')
    expect(codeThrown(() => source.getJWTBundle('acme.internal'))).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    expect(codeThrown(() => source.getJWTBundles())).toBe('ERR_SPIFFE_SOURCE_REDACTED')
    await source.fetchJWTSVID({ audience: 'billing' })
    expect(fetched()).toBe(2)
  })

  it('cost a token that was kept once its authority is no longer among them', async () => {
    const source = await create()
    const first = await source.fetchJWTSVID({ audience: 'billing' })
    const joined = source.waitForUpdate()
    stream.send(jwtBundlesResponse({ 'spiffe://acme.internal': jwks(), 'spiffe://partner': jwks('p') }))
    await joined
    expect(await source.fetchJWTSVID({ audience: 'billing' })).toBe(first)

    const replaced = source.waitForUpdate()
    stream.send(jwtBundlesResponse({ 'spiffe://acme.internal': jwks('acme-2') }))
    await replaced
    expect(await source.fetchJWTSVID({ audience: 'billing' })).not.toBe(first)
    expect(fetched()).toBe(2)
  })
})

describe('a token', () => {
  it('is fetched once for all who ask the same, in whatever order, and again for who asks another', async () => {
    const source = await create()
    const first = await source.fetchJWTSVID({ audience: ['a', 'b'] })
    expect(await source.fetchJWTSVID({ audience: ['b', 'a'] })).toBe(first)
    expect(await source.fetchJWTSVID({ audience: ['a', 'b', 'a'] })).toBe(first)
    expect(fetched()).toBe(1)
    for (const params of [
      { audience: 'a' },
      { audience: 'a,b' },
      { audience: ['a', 'b', 'c'] },
      { audience: ['a', 'b'], subject: ORDERS },
      { audience: ['a', 'b'], subject: OTHER },
      { audience: ['a","b'] },
    ] as const) {
      expect(await source.fetchJWTSVID(params)).not.toBe(first)
    }
    expect(fetched()).toBe(7)
  })

  it('is kept apart for each hint', async () => {
    const source = await create()
    api.on('fetchJWTSVID', (call) =>
      call.send({
        svids: [
          { spiffeID: ORDERS, svid: jwt(), hint: 'one' },
          { spiffeID: OTHER, svid: jwt({ sub: OTHER }), hint: 'two' },
        ],
      }),
    )
    const ids = async (): Promise<string[]> => [
      (await source.fetchJWTSVID({ audience: 'billing' })).id.path,
      (await source.fetchJWTSVID({ audience: 'billing', hint: 'two' })).id.path,
      (await source.fetchJWTSVID({ audience: 'billing', hint: 'one' })).id.path,
    ]
    expect(await ids()).toEqual(['/orders', '/other', '/orders'])
    expect(await ids()).toEqual(['/orders', '/other', '/orders'])
    expect(fetched()).toBe(3)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'billing', hint: 'three' }))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN',
    )
  })

  it('is asked for by one call, of those who ask at the same time', async () => {
    const source = await create()
    const tokens = await Promise.all([1, 2, 3].map(() => source.fetchJWTSVID({ audience: 'a' })))
    expect(new Set(tokens).size).toBe(1)
    expect(fetched()).toBe(1)
  })

  it('is renewed in the background once half of its life is over, and only when it is used', async () => {
    const source = await create()
    const first = await source.fetchJWTSVID({ audience: 'a' })
    clock.advance(2.5 * MINUTE_MS - 1)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    expect(fetched()).toBe(1)

    clock.advance(1)
    expect(fetched()).toBe(1)
    // Nobody waits for the new one.
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    await eventually(() => fetched() === 2)
    await eventually(async () => (await source.fetchJWTSVID({ audience: 'a' })) !== first)
    const newest = await source.fetchJWTSVID({ audience: 'a' })
    expect(newest.expiresAt.getTime()).toBe(NOW.getTime() + 7.5 * MINUTE_MS)
    expect(fetched()).toBe(2)
  })

  it('is waited for when the old one nears its end', async () => {
    const source = await create()
    const first = await source.fetchJWTSVID({ audience: 'a' })
    clock.advance(5 * MINUTE_MS - 5_001)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    await eventually(() => fetched() === 2 && api.openCalls === 1)

    const other = await source.fetchJWTSVID({ audience: 'b' })
    clock.advance(5 * MINUTE_MS - 5_000)
    const next = await source.fetchJWTSVID({ audience: 'b' })
    expect(next).not.toBe(other)
    expect(next.expiresAt.getTime()).toBeGreaterThan(clock.now().getTime() + 4 * MINUTE_MS)
  })

  it('that lives for seconds is used for most of them', async () => {
    const source = await create()
    api.on('fetchJWTSVID', (call) => {
      const claims = { aud: call.request.audience, exp: clock.now().getTime() / 1000 + 10, jti: call.attempt }
      call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(claims), hint: '' }] })
    })
    const first = await source.fetchJWTSVID({ audience: 'a' })
    const other = await source.fetchJWTSVID({ audience: 'b' })
    clock.advance(8_999)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    clock.advance(1)
    expect(await source.fetchJWTSVID({ audience: 'b' })).not.toBe(other)
  })

  it('serves on while it cannot be renewed, which is reported and not tried all the time', async () => {
    const source = await create()
    const first = await source.fetchJWTSVID({ audience: 'a' })
    api.on('fetchJWTSVID', (call) => call.fail(status.INTERNAL))
    clock.advance(3 * MINUTE_MS)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_FAILED')
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    expect(fetched()).toBe(2)
    expect(source.health().healthy).toBe(true)

    clock.advance(400)
    expect(await source.fetchJWTSVID({ audience: 'a' })).toBe(first)
    await eventually(() => errors.length === 2)
    clock.advance(2 * MINUTE_MS - 400)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'a' }))).toBe('ERR_SPIFFE_WORKLOAD_API_FAILED')
  })

  it('is dropped with the others of its subject when the agent refuses to renew it', async () => {
    const source = await create()
    const subjects = [ORDERS, OTHER] as const
    const ask = (): Promise<unknown[]> =>
      Promise.all(
        subjects.flatMap((subject) =>
          ['a', 'b'].map((audience) =>
            source.fetchJWTSVID({ audience, subject }).catch((error) => error.code),
          ),
        ),
      )
    const before = await ask()
    const again = await ask()
    expect(again.every((token, at) => token === before[at])).toBe(true)
    expect(fetched()).toBe(4)

    api.on('fetchJWTSVID', (call) =>
      call.request.spiffeID === ORDERS ? call.fail(status.PERMISSION_DENIED) : answer(call),
    )
    clock.advance(3 * MINUTE_MS)
    await source.fetchJWTSVID({ audience: 'a', subject: ORDERS })
    await eventually(() => errors.length === 1)
    const [a, b, ...others] = await ask()
    expect([a, b]).toEqual(Array(2).fill('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'))
    expect(others.every((token, at) => token === before[at + 2])).toBe(true)
  })

  it('is dropped with all others when the agent refuses the process as a whole', async () => {
    const source = await create()
    await source.fetchJWTSVID({ audience: 'a' })
    await source.fetchJWTSVID({ audience: 'a', subject: OTHER })
    api.on('fetchJWTSVID', (call) => call.fail(status.PERMISSION_DENIED))
    expect(await codeOf(source.fetchJWTSVID({ audience: 'new' }))).toMatch(/DENIED/)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'a' }))).toMatch(/DENIED/)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'a', subject: OTHER }))).toMatch(/DENIED/)
  })

  it('that was under way when tokens were dropped is given to who waits, and not kept', async () => {
    const source = await create()
    let slow: Incoming<'fetchJWTSVID'> | undefined
    api.on('fetchJWTSVID', (call) => {
      if (call.request.audience[0] === 'slow') slow = call
      else call.fail(status.PERMISSION_DENIED)
    })
    const waiting = source.fetchJWTSVID({ audience: 'slow' })
    await eventually(() => slow !== undefined)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'denied' }))).toMatch(/DENIED/)
    if (slow) answer(slow)
    expect((await waiting).audience).toEqual(['slow'])
    api.on('fetchJWTSVID', answer)
    await source.fetchJWTSVID({ audience: 'slow' })
    expect(fetched()).toBe(3)
  })

  it('makes room for others where too many are kept', async () => {
    const source = await create({ maxCachedTokens: 2 })
    for (const audience of ['a', 'b', 'a', 'c']) await source.fetchJWTSVID({ audience })
    expect(fetched()).toBe(3)
    await source.fetchJWTSVID({ audience: 'a' })
    expect(fetched()).toBe(3)
    await source.fetchJWTSVID({ audience: 'b' })
    expect(fetched()).toBe(4)
  })

  it('is not what was asked for: then it is refused', async () => {
    const source = await create()
    api.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
    expect((await source.fetchJWTSVID({ audience: 'billing' })).id.uri).toBe(ORDERS)
    expect(await codeOf(source.fetchJWTSVID({ audience: 'others' }))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_JWT_SVID_INVALID',
    )
    expect(await codeOf(source.fetchJWTSVID({ audience: 'billing', subject: OTHER }))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH',
    )
  })

  it('is asked for once more where the agent is not there, and not for other reasons', async () => {
    const source = await create()
    api.on('fetchJWTSVID', (call) => (call.attempt === 0 ? call.fail(status.UNAVAILABLE) : answer(call)))
    const fetching = source.fetchJWTSVID({ audience: 'a' })
    await eventually(() => fetched() === 1 && clock.nextDueMs !== undefined && clock.nextDueMs <= 400)
    clock.advance(400)
    expect((await fetching).audience).toEqual(['a'])
    expect(fetched()).toBe(2)
    api.on('fetchJWTSVID', (call) => call.fail(status.INTERNAL))
    expect(await codeOf(source.fetchJWTSVID({ audience: 'b' }))).toBe('ERR_SPIFFE_WORKLOAD_API_FAILED')
    expect(fetched()).toBe(3)
  })

  it('needs an audience', async () => {
    const source = await create()
    for (const audience of [undefined, '', [], ['a', '']]) {
      expect(await rejection(source.fetchJWTSVID({ audience: audience as never }))).toBeInstanceOf(TypeError)
    }
    expect(await codeOf(source.fetchJWTSVID({ audience: 'a', subject: 'spiffe://acme.internal/' }))).toMatch(
      /ERR_SPIFFE_ID/,
    )
    expect(fetched()).toBe(0)
  })
})

describe('an abort', () => {
  it('ends the wait of who aborts, and of nobody else', async () => {
    const source = await create()
    let pending: Incoming<'fetchJWTSVID'> | undefined
    api.on('fetchJWTSVID', (call) => {
      pending = call
    })
    const controller = new AbortController()
    const aborted = rejection(source.fetchJWTSVID({ audience: 'a', signal: controller.signal }))
    const patient = source.fetchJWTSVID({ audience: 'a', signal: new AbortController().signal })
    const careless = source.fetchJWTSVID({ audience: 'a' })
    await eventually(() => pending !== undefined)
    controller.abort('my reason')
    expect(await aborted).toBe('my reason')
    expect(pending?.cancelled).toBe(false)
    if (pending) answer(pending)
    expect(await patient).toBe(await careless)
    expect(fetched()).toBe(1)
    expect(await rejection(source.fetchJWTSVID({ audience: 'a', signal: AbortSignal.abort('early') }))).toBe(
      'early',
    )
  })

  it('by all who wait leaves no unhandled failure behind', async () => {
    const source = await create()
    let pending: Incoming<'fetchJWTSVID'> | undefined
    api.on('fetchJWTSVID', (call) => {
      pending = call
    })
    const controller = new AbortController()
    const aborted = rejection(source.fetchJWTSVID({ audience: 'a', signal: controller.signal }))
    await eventually(() => pending !== undefined)
    controller.abort('my reason')
    expect(await aborted).toBe('my reason')
    pending?.fail(status.INTERNAL)
    await eventually(() => api.openCalls === 1)
  })
})

describe('a closed JWTSource', () => {
  it('gives nothing, and ends what is under way', async () => {
    const source = await create()
    await source.fetchJWTSVID({ audience: 'kept' })
    api.on('fetchJWTSVID', () => {})
    const pending = codeOf(source.fetchJWTSVID({ audience: 'a' }))
    await eventually(() => fetched() === 2)
    await source.close()
    expect(await pending).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect(await codeOf(source.fetchJWTSVID({ audience: 'kept' }))).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect(codeThrown(() => source.getJWTBundle('acme.internal'))).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect(await codeOf(source.waitForUpdate())).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    await source.close()
    await source[Symbol.asyncDispose]()
    await api.until(() => api.openCalls === 0)
    expect(clock.pending).toBe(0)
  })

  it('does not report its own end as a failure', async () => {
    const source = await create()
    await source.fetchJWTSVID({ audience: 'a' })
    api.on('fetchJWTSVID', () => {})
    clock.advance(3 * MINUTE_MS)
    await source.fetchJWTSVID({ audience: 'a' })
    await eventually(() => fetched() === 2)
    await source.close()
    await api.until(() => api.openCalls === 0)
    expect(errors).toEqual([])
  })

  it('leaves a client alone that it shared', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const source = await create({ client })
    api.on('fetchJWTSVID', () => {})
    const pending = codeOf(source.fetchJWTSVID({ audience: 'a' }))
    await eventually(() => fetched() === 1)
    await source.close()
    expect(await pending).toBe('ERR_SPIFFE_SOURCE_CLOSED')
    expect((await client.fetchJWTBundles()).size).toBe(1)
    await client.close()
  })

  it('is what a source becomes whose client was closed, with the tokens it kept', async () => {
    const client = WorkloadAPIClient.create({ address: api.address, clock })
    const source = await create({ client })
    await source.fetchJWTSVID({ audience: 'a' })
    await client.close()
    await eventually(() => source.health().state === 'closed')
    expect(await codeOf(source.fetchJWTSVID({ audience: 'a' }))).toBe('ERR_SPIFFE_SOURCE_CLOSED')
  })
})
