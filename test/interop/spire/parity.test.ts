import { X509Certificate } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SpiffeBundle } from '../../../src/bundle/index.ts'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { Authority, WorkloadAPI } from '../../../src/testing/index.ts'
import { WorkloadAPIClient } from '../../../src/workloadapi/index.ts'
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

/** Questions for a token that nobody should ask. */
const unfit = [
  { Audience: '' },
  { Audience: 'orders', Subject: 'spiffe://acme.internal/other' },
  { Audience: 'orders', Subject: 'spiffe://partner.example/orders' },
]

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

  test('refuse a call with the same status and in the same words', async () => {
    await spire.server.createEntry({ spiffeID: id, uid: 0 })
    const theirs = go.workload(spire.agent.address)
    const ours = go.workload(api.workload(id).address)
    for (const workload of [theirs, ours])
      await workload.next('x509Context', ({ svids }) => svids !== undefined)

    for (const fetch of unfit) {
      const answers = await Promise.all(
        [ours, theirs].map(async (workload) => {
          workload.send({ fetch })
          const { status, error } = await workload.next('fetched')
          return { status, error }
        }),
      )
      expect(answers[0]).toEqual(answers[1])
      expect(answers[0]?.status).toBeDefined()
    }
    await Promise.all([theirs.close(), ours.close()])
  })

  test('issue tokens with the same headers and claims', async () => {
    const shapeOf = (token: string) => {
      const [header = '', claims = ''] = token
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString())
      return {
        header: { ...JSON.parse(header), kid: 'a kid' },
        claims: Object.entries(JSON.parse(claims)).map(([name, value]) => [
          name,
          typeof value === 'number' || value,
        ]),
      }
    }
    const tokens = await Promise.all(
      [spire.agent.address, api.workload(id).address].map(async (address) => {
        const workload = go.workload(address)
        await workload.next('x509Context', ({ svids }) => svids !== undefined)
        workload.send({ fetch: { Audience: 'orders', ExtraAudiences: ['billing'] } })
        const { svids: [svid] = [] } = await workload.next('fetched')
        await workload.close()
        return shapeOf(svid?.token ?? '')
      }),
    )

    expect(tokens[1]).toEqual(tokens[0])
  })

  test('issue certificates of the same make', async () => {
    const dnsNames = ['orders.internal']
    await spire.server.createEntry({ spiffeID: `${id}/named`, uid: 0, hint: 'named', dnsNames })
    const theirs = await makesOf(spire.agent.address)
    const ours = await makesOf(api.workload(`${id}/named`, { hint: 'named', dnsNames }).address)

    expect(ours).toEqual(theirs)
  })

  function testingOperator(): Operator {
    const workload = api.workload()
    const { x509, jwt } = api.authority
    return {
      address: workload.address,
      settlesInMs: 1_500,
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

/** How the leaf and the authority of the identity with the hint `named` are made. */
async function makesOf(address: string): Promise<readonly unknown[]> {
  await using client = WorkloadAPIClient.create({ address })
  for await (const { svids, bundles } of client.watchX509Context()) {
    const svid = svids.find(({ hint }) => hint === 'named')
    const [leaf] = svid?.rawCertificates ?? []
    const [authority] = bundles.get('acme.internal')?.rawX509Authorities ?? []
    if (leaf !== undefined && authority !== undefined) return [makeOf(leaf), makeOf(authority)]
  }
  return []
}

// Which keys they are, and for how long, differs each time.
const identifiers = ['2.5.29.14', '2.5.29.35']

function makeOf(der: Uint8Array): unknown {
  const { version, notBefore, extensions } = Certificate.parse(der)
  const { subject, publicKey } = new X509Certificate(der)
  return {
    version,
    subject: subject.replace(/serialNumber=\d+/, 'serialNumber=N'),
    key: publicKey.asymmetricKeyDetails,
    backdated: notBefore < Date.now() - 5_000,
    extensions: [...extensions].map(([oid, { critical, value }]) => [
      oid,
      critical,
      identifiers.includes(oid) ? 'a key' : Buffer.from(value).toString('hex'),
    ]),
  }
}

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
  const streams = ['x509Context', 'x509Bundles', 'jwtBundles'] as const
  await vi.waitFor(
    () => expect(streams.map((stream) => witness.all(stream).length > 0)).toEqual([true, true, true]),
    {
      timeout: 20_000,
    },
  )
  for (const [step, take] of Object.entries(steps)) {
    await take()
    await delay(settlesInMs)
    told[step] = account.of(witness.events.slice(seen))
    seen = witness.events.length
  }
  await witness.close()
  return told
}

/**
 * Whether a refusal was taken back within the same step. A busy agent of SPIRE refuses for a moment when it drops
 * SVIDs of a tainted authority before it has others: how busy it is, is not for us to imitate.
 */
const isPassing = ({ event, status }: GoWorkloadEvent, later: readonly GoWorkloadEvent[]): boolean =>
  status !== undefined && later.some((one) => one.event === event && one.status === undefined)

/** Keeps the last message of each stream, and the names of numbers. */
class Account {
  readonly #last = new Map<string, string>()
  readonly #names = new Map<string, string>()

  of(events: readonly GoWorkloadEvent[]): Told {
    const changes: Record<string, unknown[]> = {}
    for (const event of events.filter((one, at) => !isPassing(one, events.slice(at + 1)))) {
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
