import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'

describeWithSpire('the first identity from SPIRE', () => {
  const keeper = Keeper.start()
  let spire: Deployment

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
  })
  afterAll(() => keeper.close())

  test('is there for a workload that starts after its entry was made', async () => {
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders, dnsNames: ['orders.internal'] })
    const workload = spire.workload(uids.orders)

    const { identities, authorities } = await workload.next('update')

    expect(identities).toMatchObject([{ id: orders, dnsNames: ['orders.internal'] }])
    expect(Object.keys(authorities)).toEqual(['acme.internal'])
    expect(await workload.health()).toMatchObject({ state: 'serving', connected: true, serves: true })
    await workload.close()
  })

  test('comes to a workload that started before its entry was made', async () => {
    const workload = spire.workload(uids.checkout)
    const id = 'spiffe://acme.internal/checkout'

    const { source, error } = await workload.next('outlived')
    await spire.server.createEntry({ spiffeID: id, uid: uids.checkout })

    const { identities } = await workload.next('update')

    expect(source).toBe('X509Source')
    expect(error.code).toBe('ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED')
    expect(identities).toMatchObject([{ id }])
    await workload.close()
  })

  test('never comes to a workload without an entry, which is told why', async () => {
    const workload = spire.workload(uids.stranger, { timeoutMs: 1_500 })

    const { error } = await workload.next('failed')

    expect(error).toMatchObject({
      code: 'ERR_SPIFFE_SOURCE_TIMEOUT',
      cause: { code: 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED' },
    })
    await workload.close()
  })
})
