import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'
import type { SpireServer } from './support/server.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
const stranger = 'spiffe://acme.internal/stranger'
const jwtSVIDTTLSeconds = 8
// Renewed after half of it.
const x509SVIDTTLSeconds = 40

describeWithSpire('rotations of the authorities of SPIRE under a constant flow of requests', () => {
  const keeper = Keeper.start()
  let operator: SpireServer
  let server: WorkloadProcess
  let client: WorkloadProcess
  let port: number
  /** Its tokens live for five minutes. */
  let longLived: WorkloadProcess

  beforeAll(async () => {
    const spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    operator = spire.server
    await operator.createEntry({ spiffeID: orders, uid: uids.orders, x509SVIDTTLSeconds })
    await operator.createEntry({
      spiffeID: checkout,
      uid: uids.checkout,
      x509SVIDTTLSeconds,
      jwtSVIDTTLSeconds,
    })
    server = spire.workload(uids.orders)
    client = spire.workload(uids.checkout)
    await operator.createEntry({ spiffeID: stranger, uid: uids.stranger })
    longLived = spire.workload(uids.stranger)
    port = await server.serve(['acme.internal'], 'orders')
    await client.startFlow({ port, expect: orders, audience: 'orders' })
  })
  afterAll(() => keeper.close())

  /** Waits until both ends trust so many authorities; gives the serial numbers of both SVIDs then. */
  const bothTrust = (authorities: number) =>
    Promise.all(
      [server, client].map(async (workload) => {
        const trusted = ({ length }: readonly string[] = []) => length === authorities
        const seen = workload.all('update').at(-1)
        const update = trusted(seen?.authorities['acme.internal'])
          ? seen
          : await workload.next('update', (one) => trusted(one.authorities['acme.internal']))
        return update?.identities[0]?.serial
      }),
    )

  const bothHaveNewSVIDs = (old: readonly (string | undefined)[]) =>
    Promise.all(
      [server, client].map((workload, end) =>
        expect
          .poll(() => workload.all('update').at(-1)?.identities[0]?.serial, { timeout: 40_000 })
          .not.toBe(old[end]),
      ),
    )

  test('X.509: prepared, activated, tainted and revoked, and the old one is refused from then on', async () => {
    const next = await operator.prepareAuthority('x509')
    const serials = await bothTrust(2)
    client.send({ do: 'remember' })
    await client.next('remembered')
    const old = await operator.activateAuthority('x509', next)
    // An agent that still holds SVIDs of a tainted authority drops them at once, and where it is busy it denies the
    // workload for the moment until it has others: who wants no such moment waits for the renewals first.
    await bothHaveNewSVIDs(serials)
    await operator.taintAuthority('x509', old)

    const withOldSVID = await client.call({ port, expect: orders, as: 'remembered' })
    await operator.revokeAuthority('x509', old)
    await bothTrust(1)
    const withRevoked = await client.call({ port, expect: orders, as: 'remembered' })
    const withNewSVID = await client.call({ port, expect: orders })

    expect(withOldSVID.answer).toMatchObject({ peer: checkout })
    expect(withRevoked.answer).toBeUndefined()
    expect(withNewSVID.answer).toMatchObject({ peer: checkout })
  })

  test('JWT: prepared, activated, tainted and revoked, and the old one is refused from then on', async () => {
    const serverKnows = (keys: number) =>
      expect
        .poll(() => server.all('jwtUpdate').at(-1)?.keys['acme.internal'], { timeout: 20_000 })
        .toHaveLength(keys)
    const verdictOf = async (token: string) => (await server.validate(token, 'orders')).local
    const next = await operator.prepareAuthority('jwt')
    await serverKnows(2)
    const oldToken = await client.token('orders')
    const old = await operator.activateAuthority('jwt', next)
    // Whoever holds a token of the old authority may use it for the rest of its life.
    await delay(jwtSVIDTTLSeconds * 1_000)
    const newToken = await client.token('orders')

    const before = [await verdictOf(oldToken), await verdictOf(newToken)]
    await operator.taintAuthority('jwt', old)
    await operator.revokeAuthority('jwt', old)
    await serverKnows(1)
    const after = [await verdictOf(oldToken), await verdictOf(newToken)]

    expect(before).toEqual([{ id: checkout }, { id: checkout }])
    expect(after).toMatchObject([{ error: { code: 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND' } }, { id: checkout }])
  })

  test('not one request of the flow failed', async () => {
    const { pooled, fresh, bearer, failures } = await client.stopFlow()

    expect(failures).toEqual([])
    expect([pooled.failed, fresh.failed, bearer.failed]).toEqual([0, 0, 0])
    expect(Math.min(pooled.passed, fresh.passed, bearer.passed)).toBeGreaterThan(100)
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

    await expect.poll(() => longLived.token(audience), { timeout: 20_000 }).not.toBe(oldToken)
    const newToken = await longLived.token(audience)

    expect(cached).toBe(oldToken)
    expect(await longLived.validate(oldToken, audience)).toMatchObject({
      local: { error: { code: 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND' } },
      remote: { error: {} },
    })
    expect(await longLived.validate(newToken, audience)).toMatchObject({
      local: { id: stranger },
      remote: { id: stranger },
    })
  })
})
