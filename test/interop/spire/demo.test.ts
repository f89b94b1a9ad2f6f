import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { X509Source } from '../../../src/workloadapi/index.ts'
import { Keeper } from '../support/keeper.ts'
import { type Ended, run } from '../support/run.ts'
import { Deployment, describeWithSpire } from './support/deployment.ts'
import type { SpireServer } from './support/server.ts'

describeWithSpire('the demo against an agent of SPIRE', () => {
  const keeper = Keeper.start()
  let spire: Deployment

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
  })
  afterAll(() => keeper.close())

  const demo = (address: string): Promise<Ended> => {
    const args = ['--import', 'tsx', 'examples/demo/main.ts']
    // An agent takes longer to rotate beside other suites than a person may want to watch.
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: address, DEMO_WATCH_SECONDS: '30' }
    return run(keeper, process.execPath, args, { env, timeoutMs: 180_000 })
  }

  test('says that it can show nothing where the agent has no identity for it', async () => {
    const { status, output } = await demo(spire.agent.address)

    expect(status).toBe(1)
    expect(output).toContain('✗ the Workload API answers')
    expect(output).not.toContain('✓')
  })

  test('shows each step but the one that takes a bad authority, while SVIDs and authorities rotate', async () => {
    const names = ['orders', 'checkout', 'stranger']
    for (const name of names) {
      const spiffeID = `spiffe://acme.internal/${name}`
      await spire.server.createEntry({ spiffeID, uid: process.getuid?.() ?? 0, x509SVIDTTLSeconds: 6 })
    }
    await identities(spire.agent.address, names.length)

    const running = new AbortController()
    const rotating = rotateUntil(spire.server, running.signal)
    const { status, output } = await demo(spire.agent.address).finally(() => running.abort())
    await rotating

    expect(output).toContain('10 shown, 1 not shown')
    expect(output).toContain('no CA of a federated trust domain signs for us')
    const tallies = [...output.matchAll(/(\d+) rotations, (\d+) requests, (\d+) failures/g)].map(
      ([, ...counts]) => counts.map(Number),
    )
    expect(tallies).toHaveLength(2)
    for (const [rotations, requests, failures] of tallies) {
      expect(rotations).toBeGreaterThan(0)
      expect(requests).toBeGreaterThan(10)
      expect(failures).toBe(0)
    }
    expect(status).toBe(0)
  })
})

/** Waits until the agent has so many identities for this process. */
async function identities(address: string, count: number): Promise<void> {
  await using source = await X509Source.create({ address })
  for await (const { svids } of source.updates({ persistent: true })) if (svids.length === count) return
}

/**
 * Puts a new authority in the place of the old one again and again, when everybody had the time to hear of it; SVIDs
 * are issued anew after half of their life. None is revoked: an agent loses its own SVID where that happens every
 * few seconds, and ends.
 */
async function rotateUntil(server: SpireServer, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const next = await server.prepareAuthority('x509')
    await delay(2_000)
    await server.activateAuthority('x509', next)
  }
}
