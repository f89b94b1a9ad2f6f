import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GoPeer, type GoWorkloadEvent } from '../go/support/go-peer.ts'
import type { JSONProcess } from '../support/json-process.ts'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
const ttl = { x509SVIDTTLSeconds: 8, jwtSVIDTTLSeconds: 8 }

describeWithSpire('SVIDs that live for eight seconds', () => {
  const keeper = Keeper.start()
  let server: WorkloadProcess
  let client: WorkloadProcess
  let witness: JSONProcess<GoWorkloadEvent>

  beforeAll(async () => {
    const spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders, ...ttl })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout, ...ttl })
    server = spire.workload(uids.orders)
    client = spire.workload(uids.checkout)
    // go-spiffe as the same user is told the same.
    witness = (await GoPeer.build(keeper)).workload(spire.agent.address, uids.checkout)
    await witness.next('x509Context', ({ svids }) => svids !== undefined)
    await client.next('update')
  })
  afterAll(() => keeper.close())

  test('are each taken for two minutes, and no request is lost', async () => {
    await client.startFlow({
      port: await server.serve(['acme.internal'], 'orders'),
      expect: orders,
      audience: 'orders',
    })
    await delay(120_000)
    const flow = await client.stopFlow()

    const taken = client.all('update').map(({ identities }) => serial(identities[0]?.serial))
    const told = witness.all('x509Context').map(({ svids }) => serial(svids?.[0]?.serial))
    // Neither saw what came before it was there, nor the other what came last.
    const shared = told.filter((one) => taken.includes(one))
    const between = (all: readonly string[]) =>
      all.slice(all.indexOf(shared[0] ?? ''), all.lastIndexOf(shared.at(-1) ?? '') + 1)

    expect(flow.failures).toEqual([])
    expect([flow.pooled.failed, flow.fresh.failed, flow.bearer.failed]).toEqual([0, 0, 0])
    expect(Math.min(flow.pooled.passed, flow.fresh.passed, flow.bearer.passed)).toBeGreaterThan(500)
    expect(new Set(between(taken))).toEqual(new Set(between(told)))
    expect(new Set(shared).size).toBeGreaterThan(25)
  })
})

/** One spelling for the serial numbers of Node and of Go. */
const serial = (hex = '0'): string => BigInt(`0x${hex}`).toString(16)
