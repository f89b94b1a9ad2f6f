import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'
import { expectFlow } from './support/expect-flow.ts'
import type { SpireServer } from './support/server.ts'

type Ends = readonly [server: WorkloadProcess, client: WorkloadProcess]

const trustDomain = 'acme.internal'
const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
const stranger = 'spiffe://acme.internal/stranger'
const soon = { timeout: 20_000 }
// An agent looks after its own SVID every five seconds.
const whenTheAgentGetsToIt = { timeout: 30_000, interval: 500 }
// So many that the agent still looks through them when it has dropped the SVIDs of workloads, and then says so before
// it has others for them: not always, but nearly.
const storedEntries = 60
const mostRounds = 6

/** A new authority in the place of an old one. */
interface Rotation {
  readonly old: string
  readonly next: string
  /** The SVID that the agent itself had before. */
  readonly ofTheAgent: string | undefined
}

const issuersOf = (ends: Ends) => ends.map(({ identity }) => identity?.authority)
const trustedBy = (ends: Ends) => ends.map((end) => [...end.trusted(trustDomain)])
/** The failures that the sources of each end told of, by their codes. */
const troublesOf = (ends: Ends) => ends.map((end) => end.all('outlived').map(({ error }) => error.code))

const expectToServeAllTheTime = (ends: Ends) =>
  expect(ends.flatMap((end) => end.all('health').filter(({ serves }) => !serves))).toEqual([])

/** Puts a new authority beside the one there is, for both ends to trust. */
async function prepare(operator: SpireServer, ends: Ends): Promise<Rotation> {
  const [old = ''] = ends[0].trusted(trustDomain)
  const next = await operator.prepareAuthority('x509')
  const both = expect.arrayContaining([old, next])
  await expect.poll(() => trustedBy(ends), soon).toEqual([both, both])
  return { old, next, ofTheAgent: await operator.agentSerialNumber() }
}

const haveSVIDsOf = ({ next }: Rotation, ends: Ends) =>
  expect.poll(() => issuersOf(ends), soon).toEqual([next, next])

/** Takes the old one away. An agent whose own SVID went with it would not be known to its server any longer. */
async function revoke(operator: SpireServer, { old, next, ofTheAgent }: Rotation, ends: Ends): Promise<void> {
  await expect.poll(() => operator.agentSerialNumber(), whenTheAgentGetsToIt).not.toBe(ofTheAgent)
  await operator.revokeAuthority('x509', old)
  await expect.poll(() => trustedBy(ends), soon).toEqual([[next], [next]])
}

describeWithSpire('rotations of the authorities of SPIRE under a constant flow of requests', () => {
  const jwtSVIDTTLSeconds = 8
  const keeper = Keeper.start()
  let operator: SpireServer
  let server: WorkloadProcess
  let client: WorkloadProcess
  let ends: Ends
  let port: number
  /** How many troubles each end had before there was anything to lose: no entry yet. */
  let troublesBefore: readonly number[]
  /** Its tokens live for five minutes, and any denial stops it. */
  let longLived: WorkloadProcess

  beforeAll(async () => {
    const spire = await Deployment.start(keeper, { trustDomain })
    operator = spire.server
    await operator.createStoredEntries(storedEntries)
    // X509-SVIDs live for an hour: none is replaced here because of its age.
    await operator.createEntry({ spiffeID: orders, uid: uids.orders })
    await operator.createEntry({ spiffeID: checkout, uid: uids.checkout, jwtSVIDTTLSeconds })
    server = spire.workload(uids.orders, { redaction: 'confirm' })
    client = spire.workload(uids.checkout, { redaction: 'confirm' })
    ends = [server, client]
    await operator.createEntry({ spiffeID: stranger, uid: uids.stranger })
    longLived = spire.workload(uids.stranger)
    await longLived.next('update')
    port = await server.serve([trustDomain], 'orders')
    await client.startFlow({ port, expect: orders, audience: 'orders' })
    troublesBefore = troublesOf(ends).map(({ length }) => length)
  })
  afterAll(() => keeper.close())

  const troubles = () => troublesOf(ends).map((codes, end) => codes.slice(troublesBefore[end]))
  const keys = () => server.all('jwtUpdate').at(-1)?.keys[trustDomain]

  async function taintWhileHeld(rotation: Rotation): Promise<void> {
    const { old, next } = rotation
    await operator.activateAuthority('x509', next)
    const holders = issuersOf(ends)
    await operator.taintAuthority('x509', old)
    await haveSVIDsOf(rotation, ends)
    expect(holders).toEqual([old, old])
  }

  test('X.509: tainted while both ends hold SVIDs of it, revoked, and refused from then on', async () => {
    const rotation = await prepare(operator, ends)
    const remembered = [await server.remember(), await client.remember()]
    const oldServer = await server.serve([trustDomain], 'orders', { as: 'remembered' })

    await taintWhileHeld(rotation)
    const oldClientBefore = await client.call({ port, expect: orders, as: 'remembered' })
    const oldServerBefore = await client.call({ port: oldServer, expect: orders })
    await revoke(operator, rotation, ends)
    await client.call({ port, expect: orders, as: 'remembered' })
    const oldClientAfter = await server.next('refused')
    const oldServerAfter = await client.call({ port: oldServer, expect: orders })
    const bothNew = await client.call({ port, expect: orders })

    expect(oldClientBefore.answer).toMatchObject({ peer: checkout })
    expect(oldServerBefore.answer).toMatchObject({ peer: checkout })
    expect(oldClientAfter.error).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY' })
    expect(oldServerAfter.error).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY' })
    expect(bothNew.answer).toMatchObject({ peer: checkout })
    for (const { authority, expiresAt } of remembered) {
      expect(authority).toBe(rotation.old)
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
    }
  })

  test('X.509: the same where the agent denies both ends for a moment, as it does with many entries', async () => {
    const denied = () =>
      troubles().every((codes) => codes.includes('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'))
    for (let round = 0; round < mostRounds && !denied(); round += 1) {
      const rotation = await prepare(operator, ends)
      await taintWhileHeld(rotation)
      await revoke(operator, rotation, ends)
    }

    expect(denied()).toBe(true)
    expect(longLived.all('health').map(({ state }) => state)).toContain('redacted')
    await expect.poll(() => longLived.identity?.authority, soon).toBe(client.identity?.authority)
  })

  test('JWT: prepared, activated, tainted and revoked, and the old one is refused from then on', async () => {
    const verdictOf = async (token: string) => (await server.validate(token, 'orders')).local
    const next = await operator.prepareAuthority('jwt')
    await expect.poll(keys, soon).toContain(next)
    const oldToken = await client.token('orders')
    const old = await operator.activateAuthority('jwt', next)
    // Whoever holds a token of the old authority may use it for the rest of its life.
    await delay(jwtSVIDTTLSeconds * 1_000)
    const newToken = await client.token('orders')

    const before = [await verdictOf(oldToken), await verdictOf(newToken)]
    await operator.taintAuthority('jwt', old)
    await operator.revokeAuthority('jwt', old)
    await expect.poll(keys, soon).toEqual([next])
    const after = [await verdictOf(oldToken), await verdictOf(newToken)]

    expect(before).toEqual([{ id: checkout }, { id: checkout }])
    expect(after).toMatchObject([{ error: { code: 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND' } }, { id: checkout }])
  })

  test('not one request of the flow failed, and neither end ever stopped serving', async () => {
    // The first one, the prepared authority, the SVID of it, and without the old one.
    expectFlow(await client.stopFlow(), { requests: 100, generations: 4 })
    expectToServeAllTheTime(ends)
  })

  test('a token of a JWT authority that was revoked at once is not given out again', async () => {
    const audience = 'billing'
    const oldToken = await longLived.token(audience)
    const old = await operator.activateAuthority('jwt', await operator.prepareAuthority('jwt'))
    await operator.taintAuthority('jwt', old)
    // The agent hears of it, and gives out its own copies of such tokens no more. Workloads are not told.
    await delay(3_000)
    const cached = await longLived.token(audience)
    await operator.revokeAuthority('jwt', old)

    await expect.poll(() => longLived.token(audience), soon).not.toBe(oldToken)
    const newToken = await longLived.token(audience)

    expect(cached).toBe(oldToken)
    expect(await longLived.validate(oldToken, audience)).toMatchObject({
      local: { error: { code: 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND' } },
      remote: { error: { code: 'INVALID_ARGUMENT' } },
    })
    expect(await longLived.validate(newToken, audience)).toMatchObject({
      local: { id: stranger },
      remote: { id: stranger },
    })
  })
})

describeWithSpire('an X.509 authority of SPIRE that is tainted when no SVIDs of it are left', () => {
  const keeper = Keeper.start()
  afterAll(() => keeper.close())

  test('goes without a denial and without a failed request', async () => {
    const ttl = { x509SVIDTTLSeconds: 20 }
    const spire = await Deployment.start(keeper, { trustDomain })
    const operator = spire.server
    await operator.createStoredEntries(storedEntries)
    await operator.createEntry({ spiffeID: orders, uid: uids.orders, ...ttl })
    await operator.createEntry({ spiffeID: checkout, uid: uids.checkout, ...ttl })
    const ends = [spire.workload(uids.orders), spire.workload(uids.checkout)] as const
    const [server, client] = ends
    const port = await server.serve([trustDomain], 'orders')
    await client.startFlow({ port, expect: orders, audience: 'orders' })
    // Their first attempts may have come before their entries.
    const atTheStart = troublesOf(ends)
    const rotation = await prepare(operator, ends)

    await operator.activateAuthority('x509', rotation.next)
    await haveSVIDsOf(rotation, ends)
    await operator.taintAuthority('x509', rotation.old)
    await revoke(operator, rotation, ends)

    expectFlow(await client.stopFlow(), { requests: 100, generations: 4 })
    expectToServeAllTheTime(ends)
    expect(troublesOf(ends)).toEqual(atTheStart)
  })
})
