import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { SpiffeIDError } from '../../src/spiffeid/error.ts'
import { parseAndValidate } from '../../src/svid/jwt/parse-and-validate.ts'
import { X509SVID } from '../../src/svid/x509/x509-svid.ts'
import {
  Authority,
  type IssueJWTSVIDOptions,
  ManualClock,
  TestingError,
  type Workload,
  WorkloadAPI,
} from '../../src/testing/index.ts'
import { type CallName, callNames } from '../../src/testing/workload-api/calls.ts'
import { header, RawClient, refusal } from './support.ts'

const now = new Date('2030-01-01T00:00:00Z')
const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'

let clock: ManualClock
let api: WorkloadAPI
const clients: RawClient[] = []

beforeEach(async () => {
  clock = new ManualClock(now)
  api = await WorkloadAPI.start({ trustDomain: 'acme.internal', clock })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client[Symbol.dispose]()
  await api.close()
})

function connect(workload: Workload): RawClient {
  const client = new RawClient(workload.address)
  clients.push(client)
  return client
}

const requests = {
  fetchJWTSVID: { audience: ['billing'], spiffeID: '' },
  validateJWTSVID: { audience: 'billing', svid: 'a.b.c' },
} as const

/** What a call is answered with, whichever kind of call it is. */
function answer(client: RawClient, name: CallName, metadata = header('true')): Promise<unknown> {
  if (name === 'fetchJWTSVID') return client.call(name, requests[name], metadata)
  if (name === 'validateJWTSVID') return client.call(name, requests[name], metadata)
  const stream = client.open(name, metadata)
  return stream.next()
}

const WIT_CALLS = [
  ['/SpiffeWorkloadAPI/FetchWITSVID', 'fetching WIT-SVIDs is not implemented'],
  ['/SpiffeWorkloadAPI/FetchWITBundles', 'fetching WIT bundles is not implemented'],
] as const

describe('every call', () => {
  const headers = [
    ['without the security header', []],
    ['with the header in another case', ['True']],
    ['with another value of the header', ['1']],
    ['with an empty header', ['']],
    ['with the header twice', ['true', 'true']],
  ] as const
  const table = callNames.flatMap((name) => headers.map(([how, values]) => [name, how, values] as const))

  test.each(table)('%s is refused %s', async (name, _, values) => {
    const workload = api.workload(orders)
    const client = connect(workload)
    expect(await refusal(answer(client, name, header(...values)))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: 'security header missing from request',
    })
    expect(workload.callCount(name)).toBe(1)
  })

  test.each(callNames.filter((name) => name !== 'validateJWTSVID'))(
    '%s is answered with the header, and refused to a workload without an entry',
    async (name) => {
      await expect(answer(connect(api.workload(orders)), name)).resolves.toBeDefined()
      expect(await refusal(answer(connect(api.workload()), name))).toEqual({
        code: 'PERMISSION_DENIED',
        details: 'no identity issued',
      })
    },
  )

  test.each(WIT_CALLS)('%s of the WIT profile is not implemented, header first', async (path, details) => {
    const client = connect(api.workload(orders))
    const read = (bytes: Buffer) => bytes
    expect(await client.openPath(path, read).end()).toEqual({ code: 'UNIMPLEMENTED', details })
    expect(await client.openPath(path, read, header()).end()).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('that the service does not have is unknown to it', async () => {
    const stream = connect(api.workload(orders)).openPath(
      '/SpiffeWorkloadAPI/FetchEverything',
      (bytes) => bytes,
    )
    expect(await stream.end()).toMatchObject({ code: 'UNIMPLEMENTED' })
  })
})

/** A workload whose entries nobody gave an ID. */
async function eightIdentities(): Promise<Workload> {
  const workload = api.workload('spiffe://acme.internal/0')
  for (let number = 1; number < 8; number++) await workload.register(`spiffe://acme.internal/${number}`)
  return workload
}

describe('FetchX509SVID', () => {
  test('sends identity, key, own bundle and federated bundles in one message at once', async () => {
    const { svids, crl, federatedBundles } = await connect(api.workload(orders)).open('fetchX509SVID').next()
    const [svid] = svids
    expect(svids).toHaveLength(1)
    expect(svid).toMatchObject({ spiffeID: orders, hint: '' })
    const parsed = X509SVID.parseRaw(svid?.x509SVID ?? Buffer.alloc(0), svid?.x509SVIDKey ?? Buffer.alloc(0))
    expect(parsed.id.toString()).toBe(orders)
    const bundle = X509Bundle.parseRaw('acme.internal', svid?.bundle ?? Buffer.alloc(0))
    expect(bundle.equals(api.authority.x509Bundle)).toBe(true)
    expect(crl).toEqual([])
    expect(federatedBundles.size).toBe(0)
  })

  test('sends every identity of the workload in the order of the entry IDs, whichever is older', async () => {
    const workload = api.workload(orders, { entryID: 'b', hint: 'internal' })
    await workload.register(checkout, { entryID: 'a', hint: 'external' })
    const { svids } = await connect(workload).open('fetchX509SVID').next()
    expect(svids.map(({ spiffeID, hint }) => [spiffeID, hint])).toEqual([
      [checkout, 'external'],
      [orders, 'internal'],
    ])
  })

  test('sends them in the order of arbitrary UUIDs where nobody gives the entry IDs', async () => {
    const workload = await eightIdentities()
    const { svids } = await connect(workload).open('fetchX509SVID').next()
    const byEntryID = new Map(workload.entries.map(({ entryID, id }) => [entryID, id.toString()]))
    for (const entryID of byEntryID.keys())
      expect(entryID).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    expect(svids.map(({ spiffeID }) => spiffeID)).toEqual(
      [...byEntryID.keys()].sort().map((entryID) => byEntryID.get(entryID)),
    )
    expect(svids.map(({ spiffeID }) => spiffeID)).not.toEqual([...byEntryID.values()])
  })

  test('gives the same arbitrary entry IDs each time, and no two alike', async () => {
    const entryIDs = (await eightIdentities()).entries.map(({ entryID }) => entryID)
    expect((await eightIdentities()).entries.map(({ entryID }) => entryID)).toEqual(entryIDs)
    expect(new Set(entryIDs).size).toBe(8)
    const twice = api.workload(orders)
    await twice.register(orders)
    expect(new Set(twice.entries.map(({ entryID }) => entryID)).size).toBe(2)
  })

  test('of two entries with the same hint shows the older one, of two without a hint both', async () => {
    const workload = api.workload(orders, { entryID: 'z', hint: 'same' })
    await workload.register(checkout, { entryID: 'a', hint: 'same' })
    await workload.register('spiffe://acme.internal/b', { entryID: 'c' })
    await workload.register('spiffe://acme.internal/a', { entryID: 'b' })
    const shown = ['spiffe://acme.internal/a', 'spiffe://acme.internal/b', orders]
    const x509 = await connect(workload).open('fetchX509SVID').next()
    expect(x509.svids.map(({ spiffeID }) => spiffeID)).toEqual(shown)
    const jwt = await connect(workload).call('fetchJWTSVID', requests.fetchJWTSVID)
    expect(jwt.svids.map(({ spiffeID }) => spiffeID)).toEqual(shown)
  })

  test('carries DNS names and lifetime of the entry', async () => {
    const workload = api.workload(orders, { dnsNames: ['orders.acme.internal'], ttlSeconds: 60 })
    const { svids } = await connect(workload).open('fetchX509SVID').next()
    const leaf = new X509Certificate(svids[0]?.x509SVID ?? Buffer.alloc(0))
    expect(leaf.subjectAltName).toContain('DNS:orders.acme.internal')
    expect(new Date(leaf.validTo)).toEqual(new Date(now.getTime() + 60_000))
  })

  test('waits for the SVID of an entry that was made right before', async () => {
    const workload = api.workload()
    const registered = workload.register(orders)
    const { svids } = await connect(workload).open('fetchX509SVID').next()
    expect(svids).toHaveLength(1)
    await registered
  })
})

describe('the streams of bundles', () => {
  test('hold our own trust domain', async () => {
    const client = connect(api.workload(orders))
    const x509 = await client.open('fetchX509Bundles').next()
    expect([...x509.bundles.keys()]).toEqual(['spiffe://acme.internal'])
    const jwt = await client.open('fetchJWTBundles').next()
    expect([...jwt.bundles.keys()]).toEqual(['spiffe://acme.internal'])
  })

  test('carry JWT authorities as a plain JWK Set, with kid and without use or alg', async () => {
    const { bundles } = await connect(api.workload(orders)).open('fetchJWTBundles').next()
    const { keys } = JSON.parse(Buffer.from(bundles.get('spiffe://acme.internal') ?? '').toString())
    expect(keys).toHaveLength(1)
    expect(Object.keys(keys[0]).sort()).toEqual(['crv', 'kid', 'kty', 'x', 'y'])
  })

  test('say nothing where nothing changed, while FetchX509SVID repeats itself', async () => {
    const workload = api.workload(orders)
    const client = connect(workload)
    const bundles = client.open('fetchX509Bundles')
    const svids = client.open('fetchX509SVID')
    await bundles.next()
    const before = await svids.next()

    await api.rotateSVIDs()
    const after = await svids.next()
    expect(after.svids[0]?.x509SVID).not.toEqual(before.svids[0]?.x509SVID)
    // The next message on the stream of bundles is that of the next change, not one of the rotation.
    await api.authority.x509.prepare()
    const { bundles: grown } = await bundles.next()
    expect(
      X509Bundle.parseRaw('acme.internal', grown.get('spiffe://acme.internal') ?? Buffer.alloc(0)).equals(
        api.authority.x509Bundle,
      ),
    ).toBe(true)
  })
})

describe('FetchJWTSVID', () => {
  const fetch = (workload: Workload, request: { audience: string[]; spiffeID?: string }) =>
    connect(workload).call('fetchJWTSVID', { spiffeID: '', ...request })

  test('gives a token for all audiences that were asked for', async () => {
    const { svids } = await fetch(api.workload(orders, { hint: 'internal' }), {
      audience: ['billing', 'audit'],
    })
    expect(svids).toMatchObject([{ spiffeID: orders, hint: 'internal' }])
    for (const audience of ['billing', 'audit']) {
      const svid = await parseAndValidate(svids[0]?.svid ?? '', api.authority.jwtBundle, audience, { now })
      expect(svid.id.toString()).toBe(orders)
    }
  })

  test('gives one for each identity, or for the one that was asked for', async () => {
    const workload = api.workload(orders)
    await workload.register(checkout)
    const all = await fetch(workload, { audience: ['billing'] })
    expect(all.svids.map(({ spiffeID }) => spiffeID).sort()).toEqual([checkout, orders])
    const one = await fetch(workload, { audience: ['billing'], spiffeID: checkout })
    expect(one.svids.map(({ spiffeID }) => spiffeID)).toEqual([checkout])
  })

  test('gives the same token again while the first half of its life lasts, and then another', async () => {
    const workload = api.workload(orders, { jwtTTLSeconds: 100 })
    const token = async (...audience: string[]) => (await fetch(workload, { audience })).svids[0]?.svid
    const first = await token('a', 'b')
    clock.advance(49_000)
    expect(await token('b', 'a')).toBe(first)
    expect(await token('a')).not.toBe(first)
    clock.advance(1_000)
    expect(await token('a', 'b')).not.toBe(first)
  })

  test.each(['rotateSVIDs', 'rotateJWTAuthority'] as const)(
    'gives another token after %s',
    async (rotate) => {
      const workload = api.workload(orders)
      const before = await fetch(workload, { audience: ['billing'] })
      clock.advance(1000)
      await api[rotate]()
      const after = await fetch(workload, { audience: ['billing'] })
      expect(after.svids[0]?.svid).not.toBe(before.svids[0]?.svid)
    },
  )

  test('gives the same token again after what signs X509-SVIDs was rotated', async () => {
    const workload = api.workload(orders)
    const before = await fetch(workload, { audience: ['billing'] })
    clock.advance(1000)
    await api.rotateX509Authority()
    expect(await fetch(workload, { audience: ['billing'] })).toEqual(before)
  })

  test('is refused without an audience', async () => {
    expect(await refusal(fetch(api.workload(orders), { audience: [] }))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: 'audience must be specified',
    })
  })

  test('is refused without an audience before it is looked at who asks', async () => {
    expect(await refusal(fetch(api.workload(), { audience: [] }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('passes over an empty audience beside another, and cannot serve one alone', async () => {
    const workload = api.workload(orders)
    const { svids } = await fetch(workload, { audience: ['', 'billing'] })
    expect(svids).toHaveLength(1)
    expect(await refusal(fetch(workload, { audience: [''] }))).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('is refused for an ID that the workload does not have', async () => {
    expect(await refusal(fetch(api.workload(orders), { audience: ['billing'], spiffeID: checkout }))).toEqual(
      {
        code: 'PERMISSION_DENIED',
        details: 'no identity issued',
      },
    )
  })

  const characters = 'letters, numbers, dots, dashes, and underscores'
  test.each([
    ['orders', 'scheme is missing or invalid'],
    ['SPIFFE://acme.internal/orders', 'scheme is missing or invalid'],
    ['spiffe:///orders', 'trust domain is missing'],
    ['spiffe://Acme.internal/orders', `trust domain characters are limited to lowercase ${characters}`],
    ['spiffe://acme.internal/or%64ers', `path segment characters are limited to ${characters}`],
    ['spiffe://acme.internal//or%64ers', 'path cannot contain empty segments'],
    ['spiffe://acme.internal/../orders', 'path cannot contain dot segments'],
    ['spiffe://acme.internal/.', 'path cannot contain dot segments'],
    ['spiffe://acme.internal/orders/', 'path cannot have a trailing slash'],
  ])('is refused for %s, which is no SPIFFE ID, in the words of SPIRE', async (spiffeID, why) => {
    const workload = api.workload(orders)
    const { svids } = await fetch(workload, { audience: ['billing'], spiffeID: orders })
    expect(svids).toHaveLength(1)
    expect(await refusal(fetch(workload, { audience: ['billing'], spiffeID }))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: `invalid requested SPIFFE ID: ${why}`,
    })
  })
})

describe('ValidateJWTSVID', () => {
  const validate = (workload: Workload, svid: string, audience = 'billing') =>
    connect(workload).call('validateJWTSVID', { audience, svid })

  test('tells whose token it is, with all claims, also to a workload without an entry', async () => {
    const token = await api.authority.issueJWTSVID(checkout, {
      audience: 'billing',
      claims: { tenant: 'blue' },
    })
    for (const workload of [api.workload(orders), api.workload()]) {
      const valid = await validate(workload, token.marshal())
      expect(valid.spiffeID).toBe(checkout)
      const iat = now.getTime() / 1000
      expect(valid.claims).toEqual({ sub: checkout, aud: ['billing'], iat, exp: iat + 300, tenant: 'blue' })
    }
  })

  test('of a foreign trust domain tells sub, exp and aud alone', async () => {
    const other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    api.federate(other)
    const token = await other.authority.issueJWTSVID('spiffe://other.example/x', {
      audience: ['billing', 'audit'],
      claims: { tenant: 'blue' },
    })
    const valid = await validate(api.workload(orders), token.marshal())
    const exp = now.getTime() / 1000 + 300
    expect(valid.claims).toEqual({ sub: 'spiffe://other.example/x', aud: ['billing', 'audit'], exp })
    await other.close()
  })

  test('of a foreign trust domain is refused to a workload without an entry, and after the federation ended', async () => {
    const other = await WorkloadAPI.start({ trustDomain: 'other.example', clock })
    api.federate(other)
    const token = await other.authority.issueJWTSVID('spiffe://other.example/x', { audience: 'billing' })
    const workload = api.workload(orders)
    expect((await validate(workload, token.marshal())).spiffeID).toBe('spiffe://other.example/x')
    expect(await refusal(validate(api.workload(), token.marshal()))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    api.dissociate('other.example')
    expect(await refusal(validate(workload, token.marshal()))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    await other.close()
  })

  const issue = async (options: Partial<IssueJWTSVIDOptions>) =>
    (await api.authority.issueJWTSVID(checkout, { audience: 'billing', ...options })).marshal()
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)

  test('refuses what is no token, in words that do not hold it', async () => {
    const workload = api.workload(orders)
    const good = await issue({})
    expect((await validate(workload, good)).spiffeID).toBe(checkout)

    for (const token of ['a.b.c', `${good}x`, good.slice(0, 100)]) {
      const refused = await refusal(validate(workload, token))
      expect(refused.code).toBe('INVALID_ARGUMENT')
      expect(refused.details).toMatch(/^unable to parse JWT token: /)
      expect(refused.details).not.toContain(token)
    }
  })

  test('refuses a token without a kid, of another key, and with another signature, as SPIRE does', async () => {
    const workload = api.workload(orders)
    const good = await issue({})
    expect((await validate(workload, good)).spiffeID).toBe(checkout)
    const [header = '', claims = '', signature = ''] = good.split('.')
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const headed = (headers: object) =>
      [Buffer.from(JSON.stringify(headers)).toString('base64url'), claims, signature].join('.')
    const foreign = await Authority.create({ trustDomain: 'other.example', clock })
    const stranger = await foreign.issueJWTSVID('spiffe://other.example/x', { audience: 'billing' })

    const words = [
      [headed({ alg }), 'token header missing key id'],
      [headed({ alg, kid: '' }), 'token header missing key id'],
      [headed({ alg, kid: 'a' }), 'public key "a" not found in trust domain "acme.internal"'],
      [headed({ alg, kid, x: 1 }), 'go-jose/go-jose: error in cryptographic primitive'],
      [stranger.marshal(), 'no keys found for trust domain "other.example"'],
    ] as const
    for (const [token, details] of words) {
      expect(await refusal(validate(workload, token))).toEqual({ code: 'INVALID_ARGUMENT', details })
    }
  })

  test('refuses a token for somebody else, as SPIRE does', async () => {
    const workload = api.workload(orders)
    const token = await issue({ audience: ['payroll', 'audit'] })
    expect((await validate(workload, token, 'audit')).spiffeID).toBe(checkout)
    expect(await refusal(validate(workload, token))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: 'expected audience in ["billing"] (audience=["payroll" "audit"])',
    })
  })

  test.each([
    ['that has expired', (late: number) => ({ issuedAt: inSeconds(-360 - late) }), 'token has expired'],
    [
      'that is not valid yet',
      (late: number) => ({
        issuedAt: inSeconds(50),
        claims: { nbf: now.getTime() / 1000 + 60 + late },
      }),
      'go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)',
    ],
    [
      'from the future',
      (late: number) => ({ issuedAt: inSeconds(60 + late) }),
      'go-jose/go-jose/jwt: validation field, token issued in the future (iat)',
    ],
  ])('refuses a token %s by more than a minute, as SPIRE does', async (_, options, details) => {
    const workload = api.workload(orders)
    expect((await validate(workload, await issue(options(0)))).spiffeID).toBe(checkout)
    expect(await refusal(validate(workload, await issue(options(1))))).toEqual({
      code: 'INVALID_ARGUMENT',
      details,
    })
  })

  test('is refused without an audience, and without a token', async () => {
    expect(await refusal(validate(api.workload(orders), 'a.b.c', ''))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: 'audience must be specified',
    })
    expect(await refusal(validate(api.workload(orders), ''))).toEqual({
      code: 'INVALID_ARGUMENT',
      details: 'svid must be specified',
    })
  })
})

describe('entries', () => {
  test('bring an identity to a workload that had none, once it asks again', async () => {
    const workload = api.workload()
    const client = connect(workload)
    expect(await client.open('fetchX509SVID').end()).toMatchObject({ code: 'PERMISSION_DENIED' })
    await workload.register(orders)
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('are pushed to an open stream when they come and when they go', async () => {
    const workload = api.workload(orders, { entryID: '1' })
    const stream = connect(workload).open('fetchX509SVID')
    await stream.next()
    const entry = await workload.register(checkout, { entryID: '2' })
    expect((await stream.next()).svids.map(({ spiffeID }) => spiffeID)).toEqual([orders, checkout])
    entry.delete()
    expect((await stream.next()).svids.map(({ spiffeID }) => spiffeID)).toEqual([orders])
  })

  test('end every stream with a refusal when the last one goes, and come back', async () => {
    const workload = api.workload(orders)
    const client = connect(workload)
    const streams = [
      client.open('fetchX509SVID'),
      client.open('fetchX509Bundles'),
      client.open('fetchJWTBundles'),
    ]
    for (const stream of streams) await stream.next()
    for (const entry of workload.entries) entry.delete()
    for (const stream of streams) {
      expect(await stream.end()).toEqual({ code: 'PERMISSION_DENIED', details: 'no identity issued' })
    }
    await workload.register(orders)
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
  })

  test('can be deleted twice, and while their SVID is being issued', async () => {
    const workload = api.workload(orders)
    const [entry] = workload.entries
    entry?.delete()
    entry?.delete()
    expect(workload.entries).toEqual([])
    expect(await refusal(answer(connect(workload), 'fetchX509SVID'))).toMatchObject({
      code: 'PERMISSION_DENIED',
    })
    expect(clock.pending).toBe(1) // the rotation of the authority alone
  })

  test.each([
    ['of another trust domain', 'spiffe://other.example/orders', {}],
    ['of the trust domain itself', 'spiffe://acme.internal', {}],
    ['with an empty entry ID', orders, { entryID: '' }],
    ['with an entry ID that is too long', orders, { entryID: 'a'.repeat(256) }],
    ['with an entry ID of other characters', orders, { entryID: 'a/b' }],
    ['with a federation that is no list', orders, { federatesWith: 'other.example' as unknown as string[] }],
    ['with a hint that is too long', orders, { hint: 'é'.repeat(513) }],
    ['with a lifetime of nothing', orders, { ttlSeconds: 0 }],
    ['with a token lifetime of nothing', orders, { jwtTTLSeconds: 0 }],
    ['with a DNS name that is none', orders, { dnsNames: ['-'] }],
    ['with an unknown kind of key', orders, { keyType: 'toString' as 'ec-p256' }],
  ])('are not made %s', async (_, id, options) => {
    expect(() => api.workload(id, options)).toThrow(TypeError)
    const workload = api.workload(checkout)
    await expect(workload.register(id, options)).rejects.toThrow(TypeError)
    expect(workload.entries).toHaveLength(1)
  })

  test('are not made for what is no SPIFFE ID', async () => {
    expect(() => api.workload('orders')).toThrow(SpiffeIDError)
    await expect(api.workload().register('orders')).rejects.toThrow(SpiffeIDError)
    expect(() => api.workload(orders, { federatesWith: ['Other.example'] })).toThrow(SpiffeIDError)
  })

  test('take a hint and an entry ID of the longest length', async () => {
    const [entry] = api.workload(orders, { hint: 'é'.repeat(512), entryID: 'a_.-9'.repeat(51) }).entries
    expect([entry?.hint?.length, entry?.entryID.length]).toEqual([512, 255])
  })

  test('of one workload have an entry ID each', async () => {
    const workload = api.workload(orders, { entryID: 'a' })
    await expect(workload.register(checkout, { entryID: 'a' })).rejects.toThrow(TypeError)
    await workload.register(checkout, { entryID: 'A' })
    expect(workload.entries.map(({ entryID }) => entryID)).toEqual(['a', 'A'])
  })
})

describe('each workload', () => {
  test('has a socket of its own, also where the ID is the same', async () => {
    const [one, two] = [api.workload(orders), api.workload(orders)]
    expect(one.address).toMatch(/^unix:\/\/\/.*\.sock$/)
    expect(one.address).not.toBe(two.address)
    await connect(one).open('fetchX509SVID').next()
    expect([one.openStreams, two.openStreams]).toEqual([1, 0])
    expect([one.connections, two.connections]).toEqual([1, 0])
  })

  test('is refused by a Workload API that is closed, and so is one more entry', async () => {
    const workload = api.workload(orders)
    await api.close()
    expect(() => api.workload(orders)).toThrow(TestingError)
    await expect(workload.register(checkout)).rejects.toMatchObject({ code: 'ERR_SPIFFE_TESTING_CLOSED' })
    expect(clock.pending).toBe(0)
  })
})
