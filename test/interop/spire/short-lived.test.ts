import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GoPeer, type GoWorkloadEvent } from '../go/support/go-peer.ts'
import type { JSONProcess } from '../support/json-process.ts'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'
import { expectFlow } from './support/expect-flow.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
const rotations = 25
const ttl = { x509SVIDTTLSeconds: 8, jwtSVIDTTLSeconds: 8 }

/** A workload of ours, and go-spiffe as the same user, which is told the same. */
interface Watched {
  readonly workload: WorkloadProcess
  readonly witness: JSONProcess<GoWorkloadEvent>
}

describeWithSpire('SVIDs that live for eight seconds', () => {
  const keeper = Keeper.start()
  let server: Watched
  let client: Watched

  beforeAll(async () => {
    const spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders, ...ttl })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout, ...ttl })
    const go = await GoPeer.build(keeper)
    const watch = async (uid: number): Promise<Watched> => {
      const workload = spire.workload(uid)
      const witness = go.workload(spire.agent.address, uid)
      await witness.next('x509Context', ({ svids }) => svids !== undefined)
      await workload.next('update')
      return { workload, witness }
    }
    server = await watch(uids.orders)
    client = await watch(uids.checkout)
  })
  afterAll(() => keeper.close())

  test('are each taken by both ends for two minutes, and no request is lost', async () => {
    const port = await server.workload.serve(['acme.internal'], 'orders')
    await client.workload.startFlow({ port, expect: orders, audience: 'orders' })
    await delay(120_000)

    expectFlow(await client.workload.stopFlow(), { requests: 500, generations: rotations })
    for (const end of [server, client]) {
      const { taken, told, shared } = serialsOf(end)
      expect(taken).toEqual(told)
      expect(shared.size).toBeGreaterThan(rotations)
    }
  })
})

/** The SVIDs that a workload took and those that its witness was told, from the first to the last that both know. */
function serialsOf({ workload, witness }: Watched) {
  const taken = workload.all('update').map(({ identities }) => serial(identities[0]?.serial))
  const told = witness.all('x509Context').map(({ svids }) => serial(svids?.[0]?.serial))
  // Neither saw what came before it was there, nor the other what came last.
  const shared = told.filter((one) => taken.includes(one))
  const between = (all: readonly string[]) =>
    new Set(all.slice(all.indexOf(shared[0] ?? ''), all.lastIndexOf(shared.at(-1) ?? '') + 1))
  return { taken: between(taken), told: between(told), shared: new Set(shared) }
}

/** One spelling for the serial numbers of Node and of Go. */
const serial = (hex = '0'): string => BigInt(`0x${hex}`).toString(16)
