import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
const refunds = 'spiffe://acme.internal/refunds'

describeWithSpire('orders and checkout with identities from SPIRE', () => {
  const keeper = Keeper.start()
  let spire: Deployment
  let server: WorkloadProcess
  let client: WorkloadProcess
  let port: number

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    const dnsNames = ['orders.acme.internal', 'orders']
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders, dnsNames })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout, hint: 'external' })
    await spire.server.createEntry({ spiffeID: refunds, uid: uids.checkout, hint: 'internal' })
    server = spire.workload(uids.orders)
    port = await server.serve([checkout, refunds], 'orders')
    client = spire.workload(uids.checkout)
    await client.next('update', ({ identities }) => identities.length === 2)
  })
  afterAll(() => keeper.close())

  test('meet over mutual TLS, each knowing the other, with the DNS names of the entry', async () => {
    const { answer } = await client.call({ port, expect: orders })

    expect(answer?.dnsNames).toEqual(['orders.acme.internal', 'orders'])
    expect([checkout, refunds]).toContain(answer?.peer)
  })

  test('meet with a bearer token of the right audience, and not of another', async () => {
    const right = await client.call({ port, expect: orders, audience: 'orders' })
    const wrong = await client.call({ port, expect: orders, audience: 'billing' })

    expect([checkout, refunds]).toContain(right.answer?.caller)
    expect(wrong.error).toMatchObject({ code: 'HTTP_401' })
  })

  test('do not meet where the client expects somebody else', async () => {
    const expected = await client.call({ port, expect: orders })
    const unexpected = await client.call({ port, expect: 'spiffe://acme.internal/billing' })

    expect(expected.answer).toBeDefined()
    expect(unexpected.error).toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED' })
  })

  test('do not meet where the server admits somebody else', async () => {
    await spire.server.createEntry({ spiffeID: 'spiffe://acme.internal/stranger', uid: uids.stranger })
    const stranger = spire.workload(uids.stranger)
    await stranger.next('update')

    const admitted = await client.call({ port, expect: orders })
    const refused = await stranger.call({ port, expect: orders })
    const refusal = await server.next('refused')

    expect(admitted.answer).toBeDefined()
    expect(refused.error).toMatchObject({ code: 'ECONNRESET' })
    expect(refusal.error).toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED' })
    await stranger.close()
  })

  test('tell their identities apart by hint', async () => {
    const { identities } = client.all('update').at(-1) ?? { identities: [] }
    const token = async (hint: string) => {
      client.send({ do: 'token', audience: 'orders', hint })
      return client.next('token')
    }

    const ids = Object.fromEntries(identities.map(({ hint, id }) => [hint, id]))
    expect(ids).toEqual({ external: checkout, internal: refunds })
    expect(await token('internal')).toMatchObject({ id: refunds })
    expect(await token('external')).toMatchObject({ id: checkout })
    expect((await token('unknown')).error).toMatchObject({ code: 'ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN' })
  })
})
