import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'

describeWithSpire('an entry that is deleted', () => {
  const keeper = Keeper.start()
  let spire: Deployment
  let server: WorkloadProcess
  let client: WorkloadProcess
  let port: number
  let entry: string

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    entry = await spire.server.createEntry({ spiffeID: orders, uid: uids.orders })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout })
    server = spire.workload(uids.orders)
    client = spire.workload(uids.checkout)
    port = await server.serve(['acme.internal'], 'orders')
    await client.next('update')
  })
  afterAll(() => keeper.close())

  const call = () => client.call({ port, expect: orders })
  const token = async () => {
    server.send({ do: 'token', audience: 'checkout' })
    return server.next('token')
  }
  /** What a client sees of a server without an identity, and what that says. */
  const refusedCall = async () => [await call(), await server.next('refused')]
  const refused = [
    { error: { code: 'ECONNRESET' } },
    { error: { code: 'ERR_SPIFFE_TLS_SOURCE_FAILED', cause: { code: 'ERR_SPIFFE_SOURCE_REDACTED' } } },
  ]

  test('stops its workload from serving, which says so, and lets it serve again when it is back', async () => {
    const before = [await call(), await token()]

    await spire.server.deleteEntry(entry)
    const redacted = await server.next('health', ({ serves }) => !serves)
    const without = await refusedCall()
    // Tokens are asked for over another stream, which may hear of it a moment later.
    await expect
      .poll(token, { timeout: 20_000 })
      .toMatchObject({ error: { code: 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED' } })
    entry = await spire.server.createEntry({ spiffeID: orders, uid: uids.orders })
    const restored = await server.next('health', ({ serves }) => serves)
    const after = [await call(), await token()]

    const served = [{ answer: { peer: checkout } }, { id: orders }]
    expect(before).toMatchObject(served)
    expect(redacted).toMatchObject({ state: 'redacted', refusal: { code: 'ERR_SPIFFE_SOURCE_REDACTED' } })
    expect(without).toMatchObject(refused)
    expect(restored).toMatchObject({ state: 'serving' })
    expect(after).toMatchObject(served)
  })

  test('does the same where it is deleted while the agent is down', async () => {
    expect(await call()).toMatchObject({ answer: { peer: checkout } })

    await spire.agent.stop()
    await spire.server.deleteEntry(entry)
    const unaware = [await server.health(), await call()]
    await spire.agent.restart()
    const redacted = await server.next('health', ({ serves }) => !serves)
    const without = await refusedCall()
    entry = await spire.server.createEntry({ spiffeID: orders, uid: uids.orders })
    await server.next('health', ({ serves }) => serves)

    expect(unaware).toMatchObject([
      { state: 'serving', serves: true, connected: false },
      { answer: { peer: checkout } },
    ])
    expect(redacted).toMatchObject({ state: 'redacted', refusal: { code: 'ERR_SPIFFE_SOURCE_REDACTED' } })
    expect(without).toMatchObject(refused)
    expect(await call()).toMatchObject({ answer: { peer: checkout } })
  })
})
