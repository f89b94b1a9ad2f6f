import { createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import http2 from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fault, faults, ManualClock, type Workload, WorkloadAPI } from '../../src/testing/index.ts'
import { RawClient, refusal, until } from './support.ts'

const now = new Date('2030-01-01T00:00:00Z')
const orders = 'spiffe://acme.internal/orders'

let clock: ManualClock
let api: WorkloadAPI
let workload: Workload
const clients: RawClient[] = []

beforeEach(async () => {
  clock = new ManualClock(now)
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal', clock })
  workload = api.workload(orders)
})

afterEach(async () => {
  for (const client of clients.splice(0)) client[Symbol.dispose]()
  await api.close()
})

function connect(): RawClient {
  const client = new RawClient(workload.address)
  clients.push(client)
  return client
}

const path = (): string => workload.address.replace('unix://', '')
const token = { audience: ['billing'], spiffeID: '' }

describe('a status', () => {
  test('answers every call, and again the right way once it is healed', async () => {
    const client = connect()
    const heal = workload.inject(faults.status('UNAVAILABLE'))
    expect(await client.open('fetchX509SVID').end()).toEqual({
      code: 'UNAVAILABLE',
      details: 'injected UNAVAILABLE',
    })
    expect(await client.open('fetchJWTBundles').end()).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'UNAVAILABLE' })
    heal()
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
    expect((await client.call('fetchJWTSVID', token)).svids).toHaveLength(1)
  })

  test('ends the streams that are open, with the text that it was given', async () => {
    const stream = connect().open('fetchX509SVID')
    await stream.next()
    workload.inject(faults.status('INTERNAL', { details: 'out of paper' }))
    expect(await stream.end()).toEqual({ code: 'INTERNAL', details: 'out of paper' })
  })

  test('keeps to the calls that it is for', async () => {
    const client = connect()
    const stream = client.open('fetchX509Bundles')
    await stream.next()
    workload.inject(faults.status('UNAVAILABLE', { calls: ['fetchJWTSVID', 'fetchX509SVID'] }))
    expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(await client.open('fetchX509SVID').end()).toMatchObject({ code: 'UNAVAILABLE' })
    await api.authority.x509.prepare()
    await stream.next() // still open
    expect((await client.open('fetchJWTBundles').next()).bundles.size).toBe(1)
  })

  test('is over after the times that it was given', async () => {
    const client = connect()
    workload.inject(faults.status('UNAVAILABLE', { times: 2 }))
    for (let time = 0; time < 2; time++) {
      expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'UNAVAILABLE' })
    }
    expect((await client.call('fetchJWTSVID', token)).svids).toHaveLength(1)
  })

  test('comes after the security header, as everything does', async () => {
    workload.inject(faults.status('UNAVAILABLE'))
    const stream = connect().openPath('/SpiffeWorkloadAPI/FetchX509SVID', (bytes) => bytes, undefined)
    expect(await stream.end()).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test.each([
    ['an unknown status', () => faults.status('GONE' as 'UNAVAILABLE')],
    ['an unknown call', () => faults.status('UNAVAILABLE', { calls: ['toString' as 'fetchX509SVID'] })],
    ['a count that is none', () => faults.status('UNAVAILABLE', { times: Number.NaN })],
  ])('is not made of %s', (_, make) => {
    expect(make).toThrow(TypeError)
  })
})

describe('a redaction', () => {
  test('refuses and ends everything as though there were no entry, which is still there', async () => {
    const client = connect()
    const stream = client.open('fetchX509SVID')
    await stream.next()
    const heal = workload.inject(faults.redaction())
    expect(await stream.end()).toEqual({ code: 'PERMISSION_DENIED', details: 'no identity issued' })
    expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(workload.entries).toHaveLength(1)
    heal()
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
  })
})

describe('a message', () => {
  test('without SVIDs is sent at once, and the right one when it is healed', async () => {
    const client = connect()
    const stream = client.open('fetchX509SVID')
    expect((await stream.next()).svids).toHaveLength(1)
    const heal = workload.inject(faults.emptySVIDs())
    expect((await stream.next()).svids).toEqual([])
    expect((await client.call('fetchJWTSVID', token)).svids).toEqual([])
    heal()
    expect((await stream.next()).svids).toHaveLength(1)
  })

  test('says another ID than its SVIDs do', async () => {
    const client = connect()
    const other = 'spiffe://acme.internal/billing'
    workload.inject(faults.wrongID(other))
    const { svids } = await client.open('fetchX509SVID').next()
    expect(svids[0]?.spiffeID).toBe(other)
    expect(new X509Certificate(svids[0]?.x509SVID ?? '').subjectAltName).toBe(`URI:${orders}`)
    expect((await client.call('fetchJWTSVID', token)).svids[0]?.spiffeID).toBe(other)
    expect(() => faults.wrongID('billing')).toThrow()
  })

  test('holds a key that is not that of its certificate', async () => {
    const client = connect()
    const right = (await client.open('fetchX509SVID').next()).svids[0]
    workload.inject(faults.mismatchedKey())
    const wrong = (await client.open('fetchX509SVID').next()).svids[0]
    expect(wrong?.x509SVID).toEqual(right?.x509SVID)
    expect(wrong?.x509SVIDKey).not.toEqual(right?.x509SVIDKey)
    const leaf = new X509Certificate(wrong?.x509SVID ?? '')
    for (const [svid, fits] of [
      [right, true],
      [wrong, false],
    ] as const) {
      const key = createPrivateKey({
        key: Buffer.from(svid?.x509SVIDKey ?? ''),
        format: 'der',
        type: 'pkcs8',
      })
      expect(leaf.checkPrivateKey(key)).toBe(fits)
    }
  })

  test('holds another SVID whole', async () => {
    const expired = await api.authority.issueX509SVID(orders, {
      notBefore: new Date(now.getTime() - 120_000),
      ttlSeconds: 60,
    })
    workload.inject(faults.replacedSVID(expired))
    const [svid] = (await connect().open('fetchX509SVID').next()).svids
    expect(new Date(new X509Certificate(svid?.x509SVID ?? '').validTo) < now).toBe(true)
  })

  test('lacks its bundle, or has a broken federated one', async () => {
    const stream = connect().open('fetchX509SVID')
    await stream.next()
    const heal = workload.inject(faults.missingBundle())
    expect((await stream.next()).svids[0]?.bundle).toHaveLength(0)
    heal()
    await stream.next()
    workload.inject(faults.brokenFederatedBundle('other.example'))
    const { svids, federatedBundles } = await stream.next()
    expect(svids[0]?.bundle).not.toHaveLength(0)
    expect([...federatedBundles.keys()]).toEqual(['spiffe://other.example'])
  })

  test('is no message', async () => {
    workload.inject(faults.garbageMessage())
    // The client reads what it cannot read as an error of its own.
    expect((await connect().open('fetchX509SVID').end()).code).not.toBe('OK')
  })

  test('is padded, and otherwise the right one', async () => {
    workload.inject(faults.oversizeMessage(5_000_000))
    const sizes: number[] = []
    const stream = connect().openPath('/SpiffeWorkloadAPI/FetchX509SVID', (bytes) => bytes)
    sizes.push((await stream.next()).length)
    expect(sizes[0]).toBeGreaterThan(5_000_000)
    expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
    for (const bytes of [-1, 0.5, Number.NaN]) expect(() => faults.oversizeMessage(bytes)).toThrow(TypeError)
  })

  test.each([0, 1, 127, 128, 16_383, 16_384, 2_097_152])(
    'padded by %s bytes stays readable',
    async (bytes) => {
      workload.inject(faults.oversizeMessage(bytes))
      expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
    },
  )
})

describe('a half-open connection', () => {
  test('is taken and never answered, until it is healed', async () => {
    const heal = workload.inject(faults.halfOpen())
    const answer = connect().open('fetchX509SVID').next()
    await until(() => workload.connections === 1)
    await turns(50)
    expect(workload.callCount('fetchX509SVID')).toBe(0)
    heal()
    expect((await answer).svids).toHaveLength(1)
  })

  test('hears nothing either, not even a client that does not wait to be greeted', async () => {
    const heal = workload.inject(faults.halfOpen())
    const session = http2.connect('http://agent', { createConnection: () => connectSocket(path()) })
    session.on('error', () => undefined)
    const call = session.request({
      ':method': 'POST',
      ':path': '/SpiffeWorkloadAPI/FetchX509SVID',
      'content-type': 'application/grpc',
      'workload.spiffe.io': 'true',
    })
    call.on('error', () => undefined)
    call.end(Buffer.alloc(5))
    await until(() => workload.connections === 1)
    await turns(50)
    expect(workload.callCount('fetchX509SVID')).toBe(0)
    heal()
    await until(() => workload.callCount('fetchX509SVID') === 1)
    session.destroy()
  })

  test('is what an open one becomes: what is sent meanwhile comes when it is healed', async () => {
    const stream = connect().open('fetchX509SVID')
    const before = await stream.next()
    const heal = workload.inject(faults.halfOpen())
    let came = false
    const next = stream.next().finally(() => {
      came = true
    })
    await api.rotateSVIDs()
    await turns(50)
    expect(came).toBe(false)
    heal()
    expect((await next).svids[0]?.x509SVID).not.toEqual(before.svids[0]?.x509SVID)
  })
})

describe('an open connection that falls silent', () => {
  test('carries no call either, until it is healed', async () => {
    const client = connect()
    await client.open('fetchX509SVID').next()
    const heal = workload.inject(faults.halfOpen())
    const answer = client.call('fetchJWTSVID', token)
    await turns(50)
    expect(workload.callCount('fetchJWTSVID')).toBe(0)
    heal()
    expect((await answer).svids).toHaveLength(1)
  })
})

describe('a slow drip', () => {
  test('lets through so many bytes at a time, on the clock of the Workload API', async () => {
    workload.inject(faults.slowDrip({ bytes: 100, everyMs: 10 }))
    let came = false
    const answer = connect()
      .open('fetchX509SVID')
      .next()
      .finally(() => {
        came = true
      })
    await until(() => workload.callCount('fetchX509SVID') === 1)
    await turns(50)
    expect(came).toBe(false)
    // The message is longer than a thousand bytes: it takes more than ten drops.
    let drops = 0
    while (!came) {
      clock.advance(10)
      drops++
      await turns(5)
    }
    expect(drops).toBeGreaterThan(10)
    expect((await answer).svids).toHaveLength(1)
  })

  test('lets the rest through at once when it is healed', async () => {
    const heal = workload.inject(faults.slowDrip({ bytes: 1, everyMs: 1000 }))
    const answer = connect().open('fetchX509SVID').next()
    await until(() => workload.connections === 1)
    heal()
    expect((await answer).svids).toHaveLength(1)
  })

  test.each([{ bytes: 0 }, { bytes: Number.NaN }, { everyMs: -1 }])('is not made of %o', (options) => {
    expect(() => faults.slowDrip(options)).toThrow(TypeError)
  })
})

describe('a garbage frame', () => {
  test('breaks connections that are made', async () => {
    const heal = workload.inject(faults.garbageFrame())
    expect((await connect().open('fetchX509SVID').end()).code).toBe('UNAVAILABLE')
    heal()
    expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('breaks connections that are open', async () => {
    await connect().open('fetchX509SVID').next()
    expect(workload.connections).toBe(1)
    workload.inject(faults.garbageFrame())
    // Node's HTTP/2 client gives the connection up, and tells its open streams nothing of it.
    await until(() => workload.connections === 0)
  })
})

describe('the socket', () => {
  /** How the system answers who connects. */
  const knock = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectSocket(path())
      socket.once('connect', () => {
        socket.destroy()
        resolve('open')
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })

  test('is gone with all its connections, and comes back under the same path', async () => {
    const stream = connect().open('fetchX509SVID')
    await stream.next()
    expect(await knock()).toBe('open')
    const heal = workload.inject(faults.socketGone())
    expect(existsSync(path())).toBe(false)
    expect(await knock()).toBe('ENOENT')
    expect(await stream.end()).toMatchObject({ code: 'UNAVAILABLE' })
    heal()
    expect(await knock()).toBe('open')
    expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('is deaf: its file is there and nobody listens', async () => {
    const heal = workload.inject(faults.socketDeaf())
    expect(statSync(path()).isSocket()).toBe(true)
    expect(await knock()).toBe('ECONNREFUSED')
    heal()
    expect(await knock()).toBe('open')
  })

  test('can go, be deaf and come back in any order, and leaves nothing when it is closed in between', async () => {
    const back = workload.inject(faults.socketGone())
    const hears = workload.inject(faults.socketDeaf())
    expect(await knock()).toBe('ENOENT')
    back()
    expect(await knock()).toBe('ECONNREFUSED')
    hears()
    expect(await knock()).toBe('open')
    const late = workload.inject(faults.socketDeaf())
    await api.close()
    expect(existsSync(path())).toBe(false)
    late()
    expect(existsSync(path())).toBe(false)
  })
})

describe('the end of connections', () => {
  test('is announced: what is open goes on, what is new takes another connection', async () => {
    const client = connect()
    const stream = client.open('fetchX509SVID')
    await stream.next()
    workload.inject(faults.goAway())
    expect((await client.call('fetchJWTSVID', token)).svids).toHaveLength(1)
    expect(workload.connections).toBe(2)
    await api.rotateSVIDs()
    expect((await stream.next()).svids).toHaveLength(1)
    stream.cancel()
    await until(() => workload.connections === 1)
  })

  test('comes as a reset: streams end, and calls work on a new connection', async () => {
    const client = connect()
    const stream = client.open('fetchX509SVID')
    await stream.next()
    workload.inject(faults.reset())
    expect(await stream.end()).toMatchObject({ code: 'UNAVAILABLE' })
    expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
  })
})

describe('faults', () => {
  test('act together, each healed by itself, or all at once', async () => {
    const client = connect()
    const healID = workload.inject(faults.wrongID('spiffe://acme.internal/other'))
    workload.inject(faults.oversizeMessage(1_000), faults.status('UNAVAILABLE', { calls: ['fetchJWTSVID'] }))
    const stream = client.open('fetchX509SVID')
    expect((await stream.next()).svids[0]?.spiffeID).toBe('spiffe://acme.internal/other')
    expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'UNAVAILABLE' })
    healID()
    expect((await stream.next()).svids[0]?.spiffeID).toBe(orders)
    expect(await refusal(client.call('fetchJWTSVID', token))).toMatchObject({ code: 'UNAVAILABLE' })
    workload.heal()
    expect((await client.call('fetchJWTSVID', token)).svids).toHaveLength(1)
  })

  test('are made here alone: anything else is refused, and nothing of it put in place', async () => {
    const invented = { name: 'status UNAVAILABLE' } as Fault
    expect(() => workload.inject(faults.status('UNAVAILABLE'), invented)).toThrow(TypeError)
    expect((await connect().open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('of one workload are no concern of another', async () => {
    const other = api.workload(orders)
    workload.inject(faults.socketGone(), faults.status('INTERNAL'))
    using client = new RawClient(other.address)
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('that touch connections alone repeat no message', async () => {
    const stream = connect().open('fetchX509SVID')
    const first = await stream.next()
    workload.inject(faults.slowDrip({ bytes: 10_000, everyMs: 0 }))()
    await api.rotateSVIDs()
    expect((await stream.next()).svids[0]?.x509SVID).not.toEqual(first.svids[0]?.x509SVID)
  })
})

/** Lets the event loop turn, so that what could come has come. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
