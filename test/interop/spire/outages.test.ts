import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire, uids, type WorkloadProcess } from './support/deployment.ts'
import { expectFlow } from './support/expect-flow.ts'
import type { FlowReport } from './workload/protocol.ts'

const trustDomain = 'acme.internal'
const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'
// Four flows share the machine.
const pauseMs = 50
/** Of each kind; with nothing in the way it is ten times as many. */
const leastPerSecond = 2
const soon = { timeout: 90_000, interval: 200 }

/** A pair of workloads under a constant flow of requests. */
interface Scene {
  readonly spire: Deployment
  readonly server: WorkloadProcess
  readonly client: WorkloadProcess
}

interface Outage {
  begin(): Promise<void> | void
  readonly lastsMs: number
  end(): Promise<void> | void
}

describeWithSpire('no request is lost, what fell due is made up for and the newest trust is taken up', () => {
  const keeper = Keeper.start()
  afterAll(() => keeper.close())

  async function play(ttlSeconds = 3600): Promise<Scene> {
    const spire = await Deployment.start(keeper, { trustDomain })
    const ttl = { x509SVIDTTLSeconds: ttlSeconds, jwtSVIDTTLSeconds: ttlSeconds }
    await spire.server.createEntry({ spiffeID: orders, uid: uids.orders, ...ttl })
    await spire.server.createEntry({ spiffeID: checkout, uid: uids.checkout, ...ttl })
    const server = spire.workload(uids.orders)
    const client = spire.workload(uids.checkout)
    const port = await server.serve([trustDomain], 'orders')
    await client.startFlow({ port, expect: orders, audience: 'orders', pauseMs })
    await delay(2_000)
    return { spire, server, client }
  }

  /** Goes through an outage, and gives the health of the client at its end. */
  async function survive(scene: Scene, { begin, lastsMs, end }: Outage) {
    const { spire, server, client } = scene
    const held = serialsOf(scene)
    const started = await client.countFlow()
    await begin()
    const down = await client.countFlow()
    await delay(lastsMs)
    const stillDown = await client.countFlow()
    const health = await client.health()
    const heldStill = serialsOf(scene)
    await end()
    const up = await client.countFlow()

    // A poll of expect() is bound to one of the tests that run side by side here.
    await vi.waitFor(
      () => expect(serialsOf(scene).filter((serial) => held.includes(serial))).toEqual([]),
      soon,
    )
    const next = await spire.server.prepareAuthority('x509')
    for (const workload of [server, client]) {
      await vi.waitFor(() => expect(workload.trusted(trustDomain)).toContain(next), soon)
    }
    await delay(2_000)
    const flow = await client.stopFlow()

    // The first one, the SVID after it, and the authority that was prepared.
    expectFlow(flow, { requests: 0, generations: 3 })
    expect(heldStill).toEqual(held)
    expect(fewestOf(started)).toBeGreaterThan(leastPerSecond)
    expect(fewestOf(stillDown, down)).toBeGreaterThan((lastsMs / 1_000) * leastPerSecond)
    expect(fewestOf(flow, up)).toBeGreaterThan(leastPerSecond)
    for (const workload of [server, client]) {
      expect(await workload.health()).toMatchObject({ state: 'serving', connected: true, failures: 0 })
    }
    return health
  }

  describe.concurrent('where', () => {
    test('the agent is killed and comes back', async () => {
      const scene = await play()
      const { agent } = scene.spire

      const health = await survive(scene, {
        begin: () => agent.kill(),
        lastsMs: 5_000,
        end: () => agent.restart(),
      })

      expect(health).toMatchObject({ state: 'serving', connected: false, serves: true })
    })

    test('the agent is stopped and started again', async () => {
      const scene = await play()
      const { agent } = scene.spire

      const health = await survive(scene, {
        begin: () => agent.stop(),
        lastsMs: 5_000,
        end: () => agent.restart(),
      })

      expect(health).toMatchObject({ state: 'serving', connected: false, serves: true })
    })

    test('the agent is frozen for half a minute, in which it had renewed', async () => {
      const scene = await play(60)
      const { agent } = scene.spire

      const health = await survive(scene, {
        begin: () => agent.freeze(),
        lastsMs: Math.max(30_000, untilRenewalMs(scene)),
        end: () => agent.thaw(),
      })

      expect(health).toMatchObject({ state: 'serving', serves: true })
    })

    test('the server is down for a minute, in which the agent had renewed', async () => {
      // An agent tries less and less often while it fails, after a minute every half: there has to be time for that.
      const scene = await play(130)
      const { server } = scene.spire

      const health = await survive(scene, {
        begin: () => server.stop(),
        lastsMs: Math.max(60_000, untilRenewalMs(scene)),
        end: () => server.start(),
      })

      expect(health).toMatchObject({ state: 'serving', connected: true, serves: true })
    })
  })
})

const identitiesOf = ({ server, client }: Scene) =>
  [server.identity, client.identity].filter((identity) => identity !== undefined)

const serialsOf = (scene: Scene): readonly string[] => identitiesOf(scene).map(({ serial }) => serial)

/** How long until the SVIDs of both ends are renewed: SPIRE does so after half of their life, or a tenth of that later. */
function untilRenewalMs(scene: Scene): number {
  const latest = identitiesOf(scene).map(({ validFrom, expiresAt }) => {
    const [from, to] = [Date.parse(validFrom), Date.parse(expiresAt)]
    return from + ((to - from) / 2) * 1.1
  })
  return Math.max(...latest) - Date.now()
}

/** How many requests passed since an earlier count, of the kind of which fewest did. */
function fewestOf(count: FlowReport, earlier?: FlowReport): number {
  const before = Object.values(earlier?.tallies ?? {}).map(({ passed }) => passed)
  return Math.min(...Object.values(count.tallies).map(({ passed }, kind) => passed - (before[kind] ?? 0)))
}
