import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SpiffeError } from '../../src/errors.ts'
import {
  Authority,
  type Fault,
  faults,
  ManualClock,
  type Workload,
  WorkloadAPI,
} from '../../src/testing/index.ts'
import { JWTSource, WorkloadAPIClient, X509Source } from '../../src/workloadapi/index.ts'
import { until } from './support.ts'

const now = new Date('2030-01-01T00:00:00Z')
const orders = 'spiffe://acme.internal/orders'

let clock: ManualClock
let api: WorkloadAPI
let workload: Workload
const open: AsyncDisposable[] = []

beforeEach(async () => {
  clock = new ManualClock(now)
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal', clock })
  workload = api.workload(orders)
})

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]()
  await api.close()
})

function keep<T extends AsyncDisposable>(each: T): T {
  open.push(each)
  return each
}

async function x509Source(options: { timeoutMs?: number } = {}) {
  const seen: string[] = []
  const onError = (error: SpiffeError): void => void seen.push(error.code)
  const source = keep(await X509Source.create({ address: workload.address, clock, onError, ...options }))
  return { source, seen }
}

/** Lets the retries of a source come round until it holds. */
const retrying = (holds: () => boolean): Promise<void> =>
  until(() => {
    if (!holds()) clock.advance(50)
    return holds()
  })

type MakeFault = () => Fault | Promise<Fault>
const hourAgo = new Date(now.getTime() - 3_600_000)

const expired: MakeFault = async () =>
  faults.replacedSVID(await api.authority.issueX509SVID(orders, { notBefore: hourAgo, ttlSeconds: 60 }))

const foreign: MakeFault = async () => {
  const authority = await Authority.create({ trustDomain: 'other.example', clock })
  return faults.replacedSVID(await authority.issueX509SVID(orders, { impersonate: true }))
}

const outlived: readonly (readonly [name: string, make: MakeFault, code: string])[] = [
  ['a status', () => faults.status('UNAVAILABLE'), 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE'],
  ['a status that nobody expects', () => faults.status('DATA_LOSS'), 'ERR_SPIFFE_WORKLOAD_API_FAILED'],
  ['empty svids', () => faults.emptySVIDs(), 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'],
  ['a wrong ID', () => faults.wrongID('spiffe://acme.internal/x'), 'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH'],
  ['a mismatched key', () => faults.mismatchedKey(), 'ERR_SPIFFE_WORKLOAD_API_SVID_INVALID'],
  ['an expired SVID', expired, 'ERR_SPIFFE_WORKLOAD_API_SVID_EXPIRED'],
  ['an SVID of a foreign authority', foreign, 'ERR_SPIFFE_WORKLOAD_API_SVID_UNTRUSTED'],
  ['a missing bundle', () => faults.missingBundle(), 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'],
  ['a garbage message', () => faults.garbageMessage(), 'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED'],
  ['an oversize message', () => faults.oversizeMessage(), 'ERR_SPIFFE_WORKLOAD_API_EXHAUSTED'],
  ['a socket that is gone', () => faults.socketGone(), 'ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING'],
  ['a socket that is deaf', () => faults.socketDeaf(), 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE'],
  ['a reset', () => faults.reset(), 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE'],
]

describe('a source that has an identity', () => {
  test.each(outlived)('outlives %s, and renews itself when it is healed', async (_, make, code) => {
    const { source, seen } = await x509Source()
    const held = source.getX509SVID()
    expect(source.health().healthy).toBe(true)

    const heal = workload.inject(await make())
    await retrying(() => seen.includes(code))
    expect(source.getX509SVID()).toBe(held)

    heal()
    await retrying(() => source.health().healthy)
    await api.rotateSVIDs()
    await retrying(() => source.getX509SVID() !== held)
  })

  test('stops serving at a redaction, and serves again afterwards', async () => {
    const { source, seen } = await x509Source()
    const heal = workload.inject(faults.redaction())
    await retrying(() => seen.includes('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'))
    expect(source.health().state).toBe('redacted')
    expect(() => source.getX509SVID()).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_SOURCE_REDACTED' }),
    )
    heal()
    await retrying(() => source.health().state === 'serving')
    expect(source.getX509SVID().id.toString()).toBe(orders)
  })

  test('leaves out a broken federated bundle and takes the rest', async () => {
    const { source, seen } = await x509Source()
    workload.inject(faults.brokenFederatedBundle('other.example'))
    await retrying(() => seen.includes('ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED'))
    expect(source.getX509Bundle('other.example')).toBeUndefined()
    expect(source.getX509SVID().id.toString()).toBe(orders)
  })

  test('goes on over the old connection after a GOAWAY', async () => {
    const { source, seen } = await x509Source()
    const held = source.getX509SVID()
    workload.inject(faults.goAway())
    await api.rotateSVIDs()
    await retrying(() => source.getX509SVID() !== held)
    expect(seen).toEqual([])
  })

  test('takes a message that comes in drops, once the last has come', async () => {
    const { source } = await x509Source()
    const held = source.getX509SVID()
    workload.inject(faults.slowDrip({ bytes: 500, everyMs: 50 }))
    await api.rotateSVIDs()
    expect(source.getX509SVID()).toBe(held)
    await retrying(() => source.getX509SVID() !== held)
  })
})

describe('a source that is being created', () => {
  test.each([
    ['a half-open connection', () => faults.halfOpen()],
    ['garbage frames', () => faults.garbageFrame()],
    ['a status', () => faults.status('UNAVAILABLE')],
    ['a redaction', () => faults.redaction()],
    ['a socket that is gone', () => faults.socketGone()],
  ])(
    'gives up on %s when its time is over, and finds its identity in time once that is healed',
    async (_, make) => {
      const heal = workload.inject(make())
      let failure: unknown
      const failed = x509Source({ timeoutMs: 500 }).catch((error: unknown) => {
        failure = error
      })
      await retrying(() => failure !== undefined)
      await failed
      expect(failure).toMatchObject({ code: 'ERR_SPIFFE_SOURCE_TIMEOUT' })

      let created = false
      // The clock runs ahead of the machine: what is waited for here is the next try, and no deadline.
      const found = x509Source({ timeoutMs: 10 ** 9 }).finally(() => {
        created = true
      })
      heal()
      await retrying(() => created)
      expect((await found).source.getX509SVID().id.toString()).toBe(orders)
    },
  )

  test('waits for an entry that is made later', async () => {
    workload = api.workload()
    let created = false
    // The clock runs ahead of the machine: what is waited for here is the next try, and no deadline.
    const found = x509Source({ timeoutMs: 10 ** 9 }).finally(() => {
      created = true
    })
    await until(() => workload.callCount('fetchX509SVID') > 0)
    await workload.register(orders)
    await retrying(() => created)
    expect((await found).source.getX509SVID().id.toString()).toBe(orders)
  })

  test.each(['INVALID_ARGUMENT', 'UNIMPLEMENTED'] as const)('fails at once with %s', async (name) => {
    workload.inject(faults.status(name))
    await expect(x509Source()).rejects.toMatchObject({ code: `ERR_SPIFFE_WORKLOAD_API_${name}` })
    expect(workload.callCount('fetchX509SVID')).toBe(1)
  })
})

describe('the calls that answer once', () => {
  const client = () => keep(WorkloadAPIClient.create({ address: workload.address, clock }))

  test('agree with what was issued', async () => {
    api.federate(await Authority.create({ trustDomain: 'other.example', clock }))
    const calls = client()
    const { svid, bundles } = await calls.fetchX509Context()
    expect(svid.id.toString()).toBe(orders)
    expect([...bundles].map(({ trustDomain }) => trustDomain.name)).toEqual([
      'acme.internal',
      'other.example',
    ])
    expect((await calls.fetchX509Bundles()).get('acme.internal')?.equals(api.authority.x509Bundle)).toBe(true)
    expect((await calls.fetchJWTBundles()).get('acme.internal')?.equals(api.authority.jwtBundle)).toBe(true)
    const token = await calls.fetchJWTSVID({ audience: 'billing' })
    expect((await calls.validateJWTSVID(token.marshal(), 'billing')).id.toString()).toBe(orders)
  })

  test.each([
    ['empty svids', () => faults.emptySVIDs(), 'ERR_SPIFFE_WORKLOAD_API_FIELD_EMPTY'],
    ['a wrong ID', () => faults.wrongID('spiffe://acme.internal/x'), 'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH'],
    ['a redaction', () => faults.redaction(), 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'],
    ['a garbage message', () => faults.garbageMessage(), 'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED'],
  ])('refuse a JWT-SVID where there is %s', async (_, make, code) => {
    const calls = client()
    expect((await calls.fetchJWTSVID({ audience: 'billing' })).id.toString()).toBe(orders)
    workload.inject(make())
    await expect(calls.fetchJWTSVID({ audience: 'billing' })).rejects.toMatchObject({ code })
  })

  test('reject a token that the Workload API rejects', async () => {
    const calls = client()
    const token = await calls.fetchJWTSVID({ audience: 'billing' })
    await expect(calls.validateJWTSVID(token.marshal(), 'payroll')).rejects.toMatchObject({
      code: 'ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED',
    })
  })
})

describe('rotations', () => {
  test('reach a source as they are sent, each message whole', async () => {
    const { source } = await x509Source()
    const first = source.snapshot()
    await api.authority.x509.prepare()
    await until(() => source.getX509Bundle('acme.internal')?.x509Authorities.length === 2)
    await api.authority.x509.activate()
    await api.authority.x509.taint()
    await until(() => source.getX509SVID().certificates[0]?.issuer !== first.svid.certificates[0]?.issuer)
    expect(source.getX509Bundle('acme.internal')?.x509Authorities).toHaveLength(2)
    await api.authority.x509.revoke()
    await until(() => source.getX509Bundle('acme.internal')?.x509Authorities.length === 1)
  })

  test('reach a source of JWT-SVIDs', async () => {
    const source = keep(await JWTSource.create({ address: workload.address, clock }))
    const before = await source.fetchJWTSVID({ audience: 'billing' })
    await api.rotateJWTAuthority()
    await until(() => source.getJWTBundle('acme.internal')?.jwtAuthorities.size === 2)
    const after = await source.fetchJWTSVID({ audience: 'audit' })
    expect(after.header.kid).not.toBe(before.header.kid)
  })
})
