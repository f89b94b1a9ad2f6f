import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { WorkloadAPIClient, type WorkloadAPIError } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { inMs, jwt, jwtBundlesResponse, NOW, ORDERS, partner, x509Response, x509SVID } from './messages.ts'
import { codeOf, eventually, rejection } from './support.ts'

let api: FakeWorkloadAPI
let clock: ManualClock
let client: WorkloadAPIClient

beforeEach(async () => {
  api = await FakeWorkloadAPI.start()
  clock = new ManualClock(NOW)
  client = WorkloadAPIClient.create({ address: api.address, clock })
})

afterEach(async () => {
  await client.close()
  api.close()
})

const goodBundles = { bundles: new Map([['spiffe://partner', partner.der]]), crl: [] }

describe('a fetch', () => {
  it('gives the identities of the workload and the trust that belongs to them', async () => {
    const svids = [x509SVID(), x509SVID({ hint: 'second' }, { id: 'spiffe://acme.internal/second' })]
    api.on('fetchX509SVID', (call) => call.send(x509Response(svids, { 'spiffe://partner': partner.der })))

    const context = await client.fetchX509Context()
    expect(context.svid.id.toString()).toBe(ORDERS)
    expect(context.svid.hint).toBe(undefined)
    expect(context.svids.map(({ id }) => id.path)).toEqual(['/orders', '/second'])
    expect(context.svids[1]?.hint).toBe('second')
    expect([...context.bundles].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'acme.internal',
      'partner',
    ])
    expect((await client.fetchX509SVID()).id.toString()).toBe(ORDERS)
    expect(await client.fetchX509SVIDs()).toHaveLength(2)
  })

  it('gives the X.509 authorities alone', async () => {
    api.on('fetchX509Bundles', (call) => call.send(goodBundles))
    const bundles = await client.fetchX509Bundles()
    expect(bundles.get('partner')?.rawX509Authorities).toEqual([new Uint8Array(partner.der)])
  })

  it('gives the JWT authorities alone', async () => {
    api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
    const bundles = await client.fetchJWTBundles()
    expect([...(bundles.get('acme.internal')?.jwtAuthorities.keys() ?? [])]).toEqual(['acme-1'])
  })

  it('gives JWT-SVIDs for the audience and the subject that it asks for', async () => {
    const asked: unknown[] = []
    api.on('fetchJWTSVID', (call) => {
      asked.push(call.request)
      call.send({ svids: [{ spiffeID: ORDERS, svid: jwt({ aud: ['billing', 'audit'] }), hint: 'internal' }] })
    })
    const svid = await client.fetchJWTSVID({ audience: ['billing', 'audit'], subject: ORDERS })
    expect(svid.id.toString()).toBe(ORDERS)
    expect(svid.hint).toBe('internal')
    await client.fetchJWTSVIDs({ audience: 'audit' })
    expect(asked).toEqual([
      { audience: ['billing', 'audit'], spiffeID: ORDERS },
      { audience: ['audit'], spiffeID: '' },
    ])
  })

  it('chooses a JWT-SVID by its hint, and says so where none has it', async () => {
    const other = 'spiffe://acme.internal/other'
    api.on('fetchJWTSVID', (call) =>
      call.send({
        svids: [
          { spiffeID: ORDERS, svid: jwt(), hint: 'one' },
          { spiffeID: other, svid: jwt({ sub: other }), hint: 'two' },
        ],
      }),
    )
    expect((await client.fetchJWTSVID({ audience: 'billing' })).id.toString()).toBe(ORDERS)
    expect((await client.fetchJWTSVID({ audience: 'billing', hint: 'two' })).id.toString()).toBe(other)
    const error = await rejection(client.fetchJWTSVID({ audience: 'billing', hint: 'three' }))
    expect(error).toMatchObject({ code: 'ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN' })
    expect(error).toMatchObject({
      message: expect.stringMatching(/^none of the 2 SVIDs .* the hint "three"/),
    })
  })

  it.each([
    ['no audience', undefined],
    ['an empty list', []],
    ['an empty string', ''],
    ['an empty string among others', ['a', '']],
    ['something else', 1],
    ['something else among others', ['a', null]],
    ['half of a surrogate pair', 'a\ud800'],
  ])('of a JWT-SVID for %s is a TypeError, and asks nobody', async (_, audience) => {
    const fetching = client.fetchJWTSVID({ audience: audience as never })
    expect(await rejection(fetching)).toBeInstanceOf(TypeError)
    expect(api.attempts('fetchJWTSVID')).toBe(0)
  })

  it('reports a bundle that it has to leave out', async () => {
    const errors: WorkloadAPIError[] = []
    api.on('fetchX509Bundles', (call) =>
      call.send({
        bundles: new Map([...goodBundles.bundles, ['spiffe://broken', Buffer.from('?')]]),
        crl: [],
      }),
    )
    const bundles = await client.fetchX509Bundles({ onError: (error) => errors.push(error) })
    expect([...bundles].map(({ trustDomain }) => trustDomain.name)).toEqual(['partner'])
    expect(errors.map(({ code }) => code)).toEqual(['ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED'])
    expect((await client.fetchX509Bundles()).size).toBe(1)
  })

  it.each([
    [status.PERMISSION_DENIED, 'PERMISSION_DENIED'],
    [status.INVALID_ARGUMENT, 'INVALID_ARGUMENT'],
    [status.UNIMPLEMENTED, 'UNIMPLEMENTED'],
    [status.UNAVAILABLE, 'UNAVAILABLE'],
    [status.RESOURCE_EXHAUSTED, 'EXHAUSTED'],
    [status.INTERNAL, 'FAILED'],
    [status.UNKNOWN, 'FAILED'],
    [status.DEADLINE_EXCEEDED, 'FAILED'],
    [status.CANCELLED, 'UNAVAILABLE'],
    [status.UNAUTHENTICATED, 'FAILED'],
  ])(
    'turns status %i into …%s, quotes what the server says, and does not try again',
    async (code, expected) => {
      api.on('fetchX509SVID', (call) => call.fail(code, 'because\nof\u202e this'))
      api.on('fetchJWTSVID', (call) => call.fail(code, 'because\nof\u202e this'))
      for (const fetch of [
        () => client.fetchX509Context(),
        () => client.fetchJWTSVID({ audience: 'billing' }),
      ]) {
        const error = await rejection(fetch())
        expect(error).toMatchObject({ name: 'WorkloadAPIError', code: `ERR_SPIFFE_WORKLOAD_API_${expected}` })
        expect(error).toMatchObject({ message: expect.stringContaining('"because\\nof\\u202e this"') })
        expect(error).toMatchObject({ message: expect.stringContaining(api.address) })
        expect(error).toMatchObject({ cause: { code } })
      }
      expect(api.attempts('fetchX509SVID')).toBe(1)
      expect(api.attempts('fetchJWTSVID')).toBe(1)
    },
  )

  it('fails where the stream ends without a message', async () => {
    api.on('fetchX509SVID', (call) => call.end())
    const error = await rejection(client.fetchX509Context())
    expect(error).toMatchObject({ code: 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE' })
    api.on('fetchJWTSVID', (call) => call.end())
    expect(await codeOf(client.fetchJWTSVID({ audience: 'a' }))).toBe('ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE')
  })

  it('of one answer takes none whose call fails after it', async () => {
    api.on('fetchJWTSVID', (call) => {
      call.sendBytes(new Uint8Array())
      call.fail(status.INTERNAL)
    })
    expect(await codeOf(client.fetchJWTSVID({ audience: 'a' }))).toMatch(/FAILED|FIELD_EMPTY/)
  })

  it('fails where the first message cannot be read, and ends the stream', async () => {
    api.on('fetchX509SVID', (call) => call.sendBytes(Buffer.from('garbage')))
    expect(await codeOf(client.fetchX509Context())).toBe('ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED')
    await api.until(() => api.openCalls === 0)
    api.on('fetchJWTSVID', (call) => call.sendBytes(Buffer.from('garbage')))
    expect(await codeOf(client.fetchJWTSVID({ audience: 'a' }))).toBe(
      'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED',
    )
  })

  it('ends the stream after the first message', async () => {
    api.on('fetchX509SVID', (call) => call.send(x509Response()))
    await client.fetchX509Context()
    await api.until(() => api.openCalls === 0)
  })

  it('waits 30 seconds for an answer unless told otherwise', async () => {
    api.on('fetchX509SVID', () => {})
    api.on('fetchJWTSVID', () => {})
    const calls = [
      [30_000, () => client.fetchX509Context()],
      [30_000, () => client.fetchJWTSVID({ audience: 'a' })],
      [50, () => client.fetchX509Context({ timeoutMs: 50 })],
      [50, () => client.fetchJWTSVID({ audience: 'a', timeoutMs: 50 })],
    ] as const
    for (const [timeoutMs, call] of calls) {
      const failing = rejection(call())
      await api.until(() => api.openCalls === 1)
      clock.advance(timeoutMs - 1)
      expect(clock.pending).toBe(1)
      clock.advance(1)
      expect(await failing).toMatchObject({ code: 'ERR_SPIFFE_WORKLOAD_API_TIMEOUT' })
      await api.until(() => api.openCalls === 0)
      expect(clock.pending).toBe(0)
    }
  })

  it('throws the reason of its signal, and ends the call', async () => {
    api.on('fetchX509SVID', () => {})
    api.on('fetchJWTSVID', () => {})
    const reason = { my: 'reason' }
    for (const call of [
      (signal: AbortSignal) => client.fetchX509Context({ signal }),
      (signal: AbortSignal) => client.fetchJWTSVID({ audience: 'a', signal }),
    ]) {
      const controller = new AbortController()
      const failing = rejection(call(controller.signal))
      await api.until(() => api.openCalls === 1)
      controller.abort(reason)
      expect(await failing).toBe(reason)
      await api.until(() => api.openCalls === 0)
      expect(await rejection(call(AbortSignal.abort(reason)))).toBe(reason)
    }
  })

  it.each([0, -1, Number.NaN, '1', null])('refuses a timeout of %j as a TypeError', async (timeoutMs) => {
    expect(await rejection(client.fetchX509Context({ timeoutMs: timeoutMs as never }))).toBeInstanceOf(
      TypeError,
    )
  })
})

describe('the answer to a fetch of JWT-SVIDs', () => {
  const answer = async (
    svids: readonly { readonly spiffeID: string; readonly svid: string; readonly hint: string }[],
    params: { readonly audience: string | readonly [string, ...string[]]; readonly subject?: string } = {
      audience: 'billing',
    },
  ): Promise<string> => {
    api.on('fetchJWTSVID', (call) => call.send({ svids }))
    try {
      await client.fetchJWTSVID(params)
      return 'accepted'
    } catch (error) {
      return (error as WorkloadAPIError).code
    }
  }
  const good = { spiffeID: ORDERS, svid: jwt(), hint: '' }
  const other = 'spiffe://acme.internal/other'

  it('is accepted where it is what was asked for', async () => {
    expect(await answer([good])).toBe('accepted')
    expect(await answer([good], { audience: 'billing', subject: ORDERS })).toBe('accepted')
  })

  it.each([
    ['no SVID', [], 'FIELD_EMPTY'],
    ['an SVID without ID', [{ ...good, spiffeID: '' }], 'FIELD_EMPTY'],
    ['an SVID without token', [{ ...good, svid: '' }], 'FIELD_EMPTY'],
    ['no token', [{ ...good, svid: 'a.b.c' }], 'JWT_SVID_INVALID'],
    ['a token for others', [{ ...good, svid: jwt({ aud: ['others'] }) }], 'JWT_SVID_INVALID'],
    [
      'a token that has expired',
      [{ ...good, svid: jwt({ exp: NOW.getTime() / 1000 - 60 }) }],
      'JWT_SVID_INVALID',
    ],
    ['a token that expires now', [{ ...good, svid: jwt({ exp: NOW.getTime() / 1000 }) }], 'JWT_SVID_INVALID'],
    ['a token of another ID than it says', [{ ...good, svid: jwt({ sub: other }) }], 'ID_MISMATCH'],
    ['a token whose ID is written otherwise', [{ ...good, spiffeID: `${ORDERS}/` }], 'ID_MISMATCH'],
    ['a second SVID that is broken', [good, { ...good, svid: 'a.b.c' }], 'JWT_SVID_INVALID'],
  ])('is refused where it holds %s', async (_, svids, code) => {
    expect(await answer(svids)).toBe(`ERR_SPIFFE_WORKLOAD_API_${code}`)
  })

  it('is refused where it is for some of the audience only', async () => {
    const both = { ...good, svid: jwt({ aud: ['billing', 'audit'] }) }
    expect(await answer([both], { audience: ['billing', 'audit'] })).toBe('accepted')
    expect(await answer([good], { audience: ['billing', 'audit'] })).toBe(
      'ERR_SPIFFE_WORKLOAD_API_JWT_SVID_INVALID',
    )
  })

  it('is refused where it is for another subject', async () => {
    expect(await answer([{ ...good, spiffeID: other, svid: jwt({ sub: other }) }])).toBe('accepted')
    expect(
      await answer([{ ...good, spiffeID: other, svid: jwt({ sub: other }) }], {
        audience: 'billing',
        subject: ORDERS,
      }),
    ).toBe('ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH')
  })

  it('keeps the first of two with one hint, and all without', async () => {
    api.on('fetchJWTSVID', (call) =>
      call.send({
        svids: [
          { spiffeID: other, svid: jwt({ sub: other }), hint: 'a' },
          { ...good, hint: 'a' },
          good,
          { ...good, svid: jwt({ jti: '2' }) },
        ],
      }),
    )
    const svids = await client.fetchJWTSVIDs({ audience: 'billing' })
    expect(svids.map(({ id, hint }) => [id.path, hint])).toEqual([
      ['/other', 'a'],
      ['/orders', undefined],
      ['/orders', undefined],
    ])
  })
})

describe('remote validation', () => {
  const claims = { sub: ORDERS, aud: ['billing'] }

  it('gives the token back as the JWT-SVID that the Workload API found it to be', async () => {
    const asked: unknown[] = []
    const token = jwt()
    api.on('validateJWTSVID', (call) => {
      asked.push(call.request)
      call.send({ spiffeID: ORDERS, claims })
    })
    const svid = await client.validateJWTSVID(token, 'billing')
    expect(svid.id.toString()).toBe(ORDERS)
    expect(asked).toEqual([{ audience: 'billing', svid: token }])
  })

  it('says that a token is not valid, not that the call was wrong, and keeps the token to itself', async () => {
    const token = jwt()
    api.on('validateJWTSVID', (call) => call.fail(status.INVALID_ARGUMENT, `bad token ${token}: expired`))
    const error = await rejection(client.validateJWTSVID(token, 'billing'))
    expect(error).toMatchObject({
      code: 'ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED',
      message: expect.stringContaining('"bad token [token]: expired"'),
    })
    expect(error).not.toHaveProperty('cause')
    expect(api.attempts('validateJWTSVID')).toBe(1)
  })

  it('keeps to itself, too, a token that only the server knows', async () => {
    api.on('fetchJWTSVID', (call) => call.fail(status.INTERNAL, `signed ${jwt()} and failed`))
    const error = await rejection(client.fetchJWTSVID({ audience: 'a' }))
    expect(error).toMatchObject({ message: expect.stringContaining('"signed [token] and failed"') })
    expect(error).not.toHaveProperty('cause')
  })

  it.each([
    ['without an ID', { spiffeID: '', claims }, 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'],
    ['without claims', { spiffeID: ORDERS, claims: {} }, 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'],
    [
      'of another ID',
      { spiffeID: 'spiffe://acme.internal/other', claims },
      'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH',
    ],
  ])('refuses an answer %s', async (_, answer, code) => {
    api.on('validateJWTSVID', (call) => call.send(answer))
    expect(await codeOf(client.validateJWTSVID(jwt(), 'billing'))).toBe(code)
  })

  it('does not take a token that is none by our own rules, whatever the Workload API says', async () => {
    api.on('validateJWTSVID', (call) => call.send({ spiffeID: ORDERS, claims }))
    expect(await codeOf(client.validateJWTSVID(jwt({ aud: ['others'] }), 'billing'))).toMatch(/AUDIENCE/)
  })

  it.each([
    ['token', '', 'billing'],
    ['token', undefined, 'billing'],
    ['audience', 'a.b.c', ''],
    ['audience', 'a.b.c', undefined],
    ['audience', 'a.b.c', ['billing', 'others']],
  ])('refuses a wrong %s as a TypeError: %j, %j', async (_, token, audience) => {
    const validating = client.validateJWTSVID(token as never, audience as never)
    expect(await rejection(validating)).toBeInstanceOf(TypeError)
    expect(api.attempts('validateJWTSVID')).toBe(0)
  })
})

describe('a watch', () => {
  it('gives what is true now and then every message', async () => {
    api.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      call.send(x509Response([x509SVID({}, { id: 'spiffe://acme.internal/renamed' })]))
    })
    const paths: string[] = []
    for await (const { svid } of client.watchX509Context()) {
      paths.push(svid.id.path)
      if (paths.length === 2) break
    }
    expect(paths).toEqual(['/orders', '/renamed'])
  })

  it('exists for the authorities, too', async () => {
    api.on('fetchX509Bundles', (call) => call.send(goodBundles))
    api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
    for await (const bundles of client.watchX509Bundles()) {
      expect(bundles.has('partner')).toBe(true)
      break
    }
    for await (const bundles of client.watchJWTBundles()) {
      expect(bundles.has('acme.internal')).toBe(true)
      break
    }
    await api.until(() => api.openCalls === 0)
  })

  it('opens nothing before it is iterated', async () => {
    client.watchX509Context()
    const fetched = codeOf(client.fetchX509Context())
    expect(await fetched).toBe('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED')
    expect(api.attempts('fetchX509SVID')).toBe(1)
  })

  it.each(['break', 'throw', 'abort', 'return while waiting', 'close'])(
    'ends its call on %s',
    async (how) => {
      api.on('fetchX509SVID', (call) => call.send(x509Response()))
      const controller = new AbortController()
      const watch = client.watchX509Context({ signal: controller.signal })
      const reason = new Error('the reason')
      const iterate = async (): Promise<void> => {
        for await (const _ of watch) {
          expect(api.openCalls).toBe(1)
          if (how === 'break') break
          if (how === 'throw') throw reason
          if (how === 'abort') controller.abort(reason)
          if (how === 'return while waiting') setImmediate(() => void watch.return?.())
          if (how === 'close') setImmediate(() => void client.close())
        }
      }
      if (how === 'throw' || how === 'abort') expect(await rejection(iterate())).toBe(reason)
      else await iterate()
      await api.until(() => api.openCalls === 0)
      expect(await watch.next()).toEqual({ done: true, value: undefined })
      expect(clock.pending).toBe(0)
    },
  )

  it.each([
    [status.INVALID_ARGUMENT, 'ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT'],
    [status.UNIMPLEMENTED, 'ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED'],
  ])('throws what cannot get better, and does not try again: status %i', async (code, expected) => {
    api.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      call.fail(code)
    })
    const watch = client.watchX509Context()
    expect((await watch.next()).done).toBe(false)
    expect(await codeOf(watch.next())).toBe(expected)
    expect(await watch.next()).toEqual({ done: true, value: undefined })
    expect(clock.pending).toBe(0)
    expect(api.attempts('fetchX509SVID')).toBe(1)
  })

  it('reports what it outlives, and goes on', async () => {
    api.on('fetchX509SVID', (call) => {
      if (call.attempt === 0) return call.fail(status.UNAVAILABLE, 'not yet')
      call.sendBytes(Buffer.from('garbage'))
      call.send(x509Response([x509SVID()], { 'spiffe://broken': Buffer.from('?') }))
    })
    const errors: string[] = []
    const watch = client.watchX509Context({ onError: ({ code }) => errors.push(code) })
    const first = watch.next()
    await eventually(() => errors.length === 1 && clock.pending === 1)
    clock.advance(30_000)
    expect((await first).done).toBe(false)
    expect(errors).toEqual([
      'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE',
      'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED',
      'ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED',
    ])
    await watch.return?.()
  })

  it('outlives a listener that throws', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    api.on('fetchX509SVID', (call) => {
      call.sendBytes(Buffer.from('garbage'))
      call.send(x509Response())
    })
    const watch = client.watchX509Context({
      onError: () => {
        throw new Error('of the listener')
      },
    })
    expect((await watch.next()).done).toBe(false)
    expect(await warned).toMatchObject({
      name: 'SpiffeWarning',
      message: expect.stringContaining('of the listener'),
    })
    await watch.return?.()
  })

  it('reports no end in order', async () => {
    api.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      call.end()
    })
    const errors: unknown[] = []
    const watch = client.watchX509Context({ onError: (error) => errors.push(error) })
    await watch.next()
    const second = watch.next()
    await eventually(() => clock.nextDueMs === 1_000)
    clock.advance(1_000)
    expect((await second).done).toBe(false)
    expect(errors).toEqual([])
    await watch.return?.()
  })

  it('throws where its signal had aborted before', async () => {
    const watch = client.watchX509Context({ signal: AbortSignal.abort('early') })
    expect(await rejection(watch.next())).toBe('early')
    expect(api.attempts('fetchX509SVID')).toBe(0)
  })
})

describe('a closed client', () => {
  it('makes no calls, and ends those that are under way', async () => {
    api.on('fetchX509SVID', () => {})
    const pending = codeOf(client.fetchX509Context())
    await api.until(() => api.openCalls === 1)
    await client.close()
    expect(await pending).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
    expect(await codeOf(client.fetchX509Context())).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
    expect(await codeOf(client.fetchJWTSVID({ audience: 'a' }))).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
    expect(await codeOf(client.watchX509Context().next())).toBe('ERR_SPIFFE_WORKLOAD_API_CLOSED')
    await api.until(() => api.openCalls === 0)
  })

  it('can be closed again, and before it ever connected', async () => {
    await client.close()
    await client.close()
    await client[Symbol.asyncDispose]()
  })
})

describe('WorkloadAPIClient.create', () => {
  it.each([0, -1, 1.5, Number.NaN, '1'])('refuses keepaliveMs %j as a TypeError', (keepaliveMs) => {
    expect(() =>
      WorkloadAPIClient.create({ address: api.address, keepaliveMs: keepaliveMs as never }),
    ).toThrow(TypeError)
  })

  it('connects to nothing', () => {
    expect(inMs(0)).toEqual(NOW)
    expect(() => WorkloadAPIClient.create({ address: 'unix:///nowhere/agent.sock' })).not.toThrow()
  })
})
