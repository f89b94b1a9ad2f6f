import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire } from './support/deployment.ts'
import type { SpireServer } from './support/server.ts'

describeWithSpire('the demo against an agent of SPIRE', () => {
  const keeper = Keeper.start()
  let spire: Deployment

  beforeAll(async () => {
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
  })
  afterAll(() => keeper.close())

  const demo = (address: string) =>
    new Promise<{ readonly status: number | null; readonly screen: string }>((resolve) => {
      const args = ['--import', 'tsx', 'examples/demo/main.ts']
      const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: address }
      const child = execFile(process.execPath, args, { env }, (_, screen) =>
        resolve({ status: child.exitCode, screen }),
      )
    })

  test('says that it can show nothing where the agent has no identity for it', async () => {
    const { status, screen } = await demo(spire.agent.address)

    expect(status).toBe(1)
    expect(screen).toContain('✗ the Workload API answers')
    expect(screen).not.toContain('✓')
  })

  test('shows each step but the one that takes a bad authority, while SVIDs and authorities rotate', async () => {
    for (const name of ['orders', 'checkout', 'stranger']) {
      const spiffeID = `spiffe://acme.internal/${name}`
      await spire.server.createEntry({ spiffeID, uid: process.getuid?.() ?? 0, x509SVIDTTLSeconds: 6 })
    }
    await delay(3_000)

    const running = new AbortController()
    const rotating = rotateUntil(spire.server, running.signal)
    const { status, screen } = await demo(spire.agent.address).finally(() => running.abort())
    await rotating

    expect(screen).toContain('10 shown, 1 not shown')
    expect(screen).toContain('no CA of a federated trust domain signs for us')
    const tallies = [...screen.matchAll(/(\d+) rotations, (\d+) requests, (\d+) failures/g)].map(
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
