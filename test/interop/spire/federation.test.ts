import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'
const shop = 'spiffe://partner.example/shop'

describeWithSpire('two trust domains', () => {
  const keeper = Keeper.start()
  let acme: Deployment
  let partner: Deployment
  let server: WorkloadProcess
  let client: WorkloadProcess
  let port: number

  beforeAll(async () => {
    acme = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    partner = await Deployment.start(keeper, { trustDomain: 'partner.example' })
    await partner.server.setFederatedBundle('acme.internal', await acme.server.bundleDocument())
    await acme.server.setFederatedBundle('partner.example', await partner.server.bundleDocument())
    await partner.server.createEntry({
      spiffeID: shop,
      uid: uids.partner,
      federatesWith: ['spiffe://acme.internal'],
    })
    await acme.server.createEntry({
      spiffeID: orders,
      uid: uids.orders,
      federatesWith: ['spiffe://partner.example'],
    })
    server = acme.workload(uids.orders)
    client = partner.workload(uids.partner)
    port = await server.serve([shop], 'orders')
    await client.next('update')
  })
  afterAll(() => keeper.close())

  const call = (audience?: string) => client.call({ port, expect: orders, ...(audience && { audience }) })
  const trusted = () => Object.keys(server.all('update').at(-1)?.authorities ?? {})
  const keys = () => Object.keys(server.all('jwtUpdate').at(-1)?.keys ?? {})

  test('meet while they are federated, and no longer once they are dissociated', async () => {
    const both = ['acme.internal', 'partner.example']
    await expect.poll(() => [trusted(), keys()], { timeout: 20_000 }).toEqual([both, both])
    const token = await client.token('orders')
    const federated = [await call(), await call('orders')]
    const tokenOfPartner = await server.validate(token, 'orders')

    await acme.server.dissociateFederatedBundle('partner.example')
    await expect
      .poll(() => [trusted(), keys()], { timeout: 20_000 })
      .toEqual([['acme.internal'], ['acme.internal']])
    const dissociated = [await call(), await call('orders')]
    const refusals = [await server.next('refused'), await server.next('refused')]
    const tokenOfStranger = await server.validate(token, 'orders')

    expect(federated).toMatchObject([{ answer: { peer: shop } }, { answer: { peer: shop, caller: shop } }])
    expect(tokenOfPartner).toMatchObject({ local: { id: shop }, remote: { id: shop } })
    expect(dissociated).toMatchObject([{ error: { code: 'ECONNRESET' } }, { error: { code: 'ECONNRESET' } }])
    expect(refusals.map(({ error }) => error.code)).toEqual([
      'ERR_SPIFFE_X509_SVID_NO_BUNDLE',
      'ERR_SPIFFE_X509_SVID_NO_BUNDLE',
    ])
    expect(tokenOfStranger).toMatchObject({
      local: { error: { code: 'ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING' } },
      remote: { error: { code: 'INVALID_ARGUMENT' } },
    })
  })
})
