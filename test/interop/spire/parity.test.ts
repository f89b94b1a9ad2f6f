import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SpiffeBundle } from '../../../src/bundle/index.ts'
import { Authority, WorkloadAPI } from '../../../src/testing/index.ts'
import { GoPeer, type GoWorkloadEvent } from '../go/support/go-peer.ts'
import type { JSONProcess } from '../support/json-process.ts'
import { Keeper } from '../support/keeper.ts'
import { Deployment, describeWithSpire } from './support/deployment.ts'

const id = 'spiffe://acme.internal/orders'

/** What is done to an agent, whichever it is. */
interface Operator {
  readonly address: string
  /** How long a step may take to reach a workload. */
  readonly settlesInMs: number
  readonly steps: Readonly<Record<string, () => Promise<unknown>>>
}

/** What a workload was told after a step, with every number replaced by its order of appearance. */
interface Told {
  /** What was new, by stream. */
  readonly changes: Readonly<Record<string, readonly unknown[]>>
  /** Whether there was a message about its identities at all: they are also sent when nothing changed. */
  readonly spokeOfIdentities: boolean
}

describeWithSpire('our testing Workload API and an agent of SPIRE', () => {
  const keeper = Keeper.start()
  let go: GoPeer
  let api: WorkloadAPI
  let partner: Authority
  let spire: Deployment

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
    api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    partner = await Authority.create({ trustDomain: 'partner.example' })
    spire = await Deployment.start(keeper, { trustDomain: 'acme.internal' })
  })
  afterAll(async () => {
    await api.close()
    await keeper.close()
  })

  test('tell a workload the same, step by step', async () => {
    const [theirs, ours] = await Promise.all([
      record(await spireOperator(), (address) => go.workload(address)),
      record(testingOperator(), (address) => go.workload(address)),
    ])

    expect(ours).toEqual(theirs)
  })

  function testingOperator(): Operator {
    const workload = api.workload()
    const { x509, jwt } = api.authority
    return {
      address: workload.address,
      settlesInMs: 500,
      steps: {
        start: async () => undefined,
        federate: async () => api.federate(partner),
        'create an entry': () => workload.register(id, { hint: 'internal' }),
        'prepare an X.509 authority': () => x509.prepare(),
        'activate it': () => x509.activate(),
        'taint the old one': () => x509.taint(),
        'revoke the old one': () => x509.revoke(),
        'prepare a JWT authority': () => jwt.prepare(),
        'activate that': () => jwt.activate(),
        'taint the old JWT authority': () => jwt.taint(),
        'revoke the old JWT authority': () => jwt.revoke(),
        dissociate: async () => api.dissociate('partner.example'),
        'delete the entry': async () => {
          for (const entry of workload.entries) entry.delete()
        },
      },
    }
  }

  async function spireOperator(): Promise<Operator> {
    const { server, agent } = spire
    let entry = ''
    let next = ''
    let old = ''
    return {
      address: agent.address,
      settlesInMs: 4_000,
      steps: {
        start: async () => undefined,
        federate: () => server.setFederatedBundle('partner.example', documentOf(partner)),
        'create an entry': async () => {
          const federatesWith = ['spiffe://partner.example']
          entry = await server.createEntry({ spiffeID: id, uid: 0, hint: 'internal', federatesWith })
        },
        'prepare an X.509 authority': async () => {
          next = await server.prepareAuthority('x509')
        },
        'activate it': async () => {
          old = await server.activateAuthority('x509', next)
        },
        'taint the old one': () => server.taintAuthority('x509', old),
        'revoke the old one': () => server.revokeAuthority('x509', old),
        'prepare a JWT authority': async () => {
          next = await server.prepareAuthority('jwt')
        },
        'activate that': async () => {
          old = await server.activateAuthority('jwt', next)
        },
        'taint the old JWT authority': () => server.taintAuthority('jwt', old),
        'revoke the old JWT authority': () => server.revokeAuthority('jwt', old),
        dissociate: () => server.dissociateFederatedBundle('partner.example'),
        'delete the entry': () => server.deleteEntry(entry),
      },
    }
  }
})

const documentOf = ({ trustDomain, x509Bundle, jwtBundle }: Authority): string =>
  SpiffeBundle.from(trustDomain, { x509Bundle, jwtBundle }).marshal()

async function record(
  { address, settlesInMs, steps }: Operator,
  start: (address: string) => JSONProcess<GoWorkloadEvent>,
): Promise<Record<string, Told>> {
  const witness = start(address)
  const told: Record<string, Told> = {}
  const account = new Account()
  let seen = 0
  for (const [step, take] of Object.entries(steps)) {
    await take()
    await delay(settlesInMs)
    told[step] = account.of(witness.events.slice(seen))
    seen = witness.events.length
  }
  await witness.close()
  return told
}

/** Keeps the last message of each stream, and the names of numbers. */
class Account {
  readonly #last = new Map<string, string>()
  readonly #names = new Map<string, string>()

  of(events: readonly GoWorkloadEvent[]): Told {
    const changes: Record<string, unknown[]> = {}
    for (const event of events) {
      const message = this.#named(event)
      if (this.#last.get(event.event) === JSON.stringify(message)) continue
      this.#last.set(event.event, JSON.stringify(message))
      changes[event.event] = [...(changes[event.event] ?? []), message]
    }
    const spokeOfIdentities = events.some(
      ({ event, status }) => event === 'x509Context' && status === undefined,
    )
    return { changes, spokeOfIdentities }
  }

  #named({ event, svids, bundles, status, error }: GoWorkloadEvent): unknown {
    if (status !== undefined) return { status, error }
    const kind = event === 'jwtBundles' ? 'key' : 'authority'
    return {
      svids: svids?.map((svid) =>
        'serial' in svid ? { ...svid, serial: this.#name('svid', svid.serial) } : svid,
      ),
      bundles: Object.entries(bundles ?? {}).map(([trustDomain, numbers]) => [
        trustDomain,
        numbers.map((number) => this.#name(kind, number)).sort(),
      ]),
    }
  }

  #name(kind: string, number: string): string {
    const known = this.#names.get(number)
    if (known !== undefined) return known
    const name = `${kind} ${[...this.#names.values()].filter((one) => one.startsWith(kind)).length}`
    this.#names.set(number, name)
    return name
  }
}
