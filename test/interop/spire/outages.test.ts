import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'

/** A pair of workloads under a constant flow of requests. */
interface Scene {
  readonly spire: Deployment
  readonly server: WorkloadProcess
  readonly client: WorkloadProcess
}

const trustedBy = (workload: WorkloadProcess) => workload.all('update').at(-1)?.authorities['acme.internal']

describeWithSpire('no request is lost and the newest trust is taken up again', () => {
  const keeper = Keeper.start()
  let scenes: readonly Scene[]

  async function scene(): Promise<Scene> {
    const spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout })
    const server = spire.workload(uids.orders)
    const client = spire.workload(uids.checkout)
    const port = await server.serve(['acme.internal'], 'orders')
    await client.startFlow({ port, expect: orders, audience: 'orders' })
    await delay(1_000)
    return { spire, server, client }
  }

  /** What comes after an outage: the next change of the operator reaches both, and nothing was lost. */
  async function recovered({ spire, server, client }: Scene): Promise<void> {
    await spire.server.prepareAuthority('x509')
    for (const workload of [server, client]) {
      // A poll of expect() is bound to one of the tests that run side by side here.
      await vi.waitFor(() => expect(trustedBy(workload)).toHaveLength(2), { timeout: 60_000 })
    }
    const flow = await client.stopFlow()
    expect(flow.failures).toEqual([])
    expect(Math.min(flow.pooled.passed, flow.fresh.passed, flow.bearer.passed)).toBeGreaterThan(100)
    expect(await client.health()).toMatchObject({ state: 'serving', connected: true, failures: 0 })
  }

  beforeAll(async () => {
    scenes = await Promise.all([scene(), scene(), scene()])
  })
  afterAll(() => keeper.close())

  const at = (index: number): Scene => {
    const found = scenes[index]
    if (found === undefined) throw new Error(`there is no scene ${index}`)
    return found
  }

  describe.concurrent('where', () => {
    test('the agent is killed and comes back', async () => {
      const { spire, client } = at(0)

      await spire.agent.kill()
      await delay(5_000)
      const during = await client.health()
      await spire.agent.restart()

      expect(during).toMatchObject({ state: 'serving', connected: false, serves: true })
      await recovered(at(0))
    })

    test('the agent is frozen for half a minute', async () => {
      const { spire, client } = at(1)

      spire.agent.freeze()
      await delay(30_000)
      const during = await client.health()
      spire.agent.thaw()

      expect(during).toMatchObject({ state: 'serving', serves: true })
      await recovered(at(1))
    })

    test('the server is down for a minute', async () => {
      const { spire, client } = at(2)

      await spire.server.stop()
      await delay(60_000)
      const during = await client.health()
      await spire.server.start()

      expect(during).toMatchObject({ state: 'serving', connected: true, serves: true })
      await recovered(at(2))
    })
  })
})
