import { X509Certificate } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { Authority, WorkloadAPI } from '../../../src/testing/index.ts'
import { WorkloadAPIClient } from '../../../src/workloadapi/index.ts'
import { header, RawClient } from '../../testing/support.ts'
import { GoPeer } from '../go/support/go-peer.ts'
import { Keeper } from '../support/keeper.ts'
import { everyCall, unfit } from './parity/calls.ts'
import { documentOf, spireOperator, testingOperator } from './parity/steps.ts'
import { tokensOf } from './parity/tokens.ts'
import { record } from './parity/witness.ts'
import { Deployment, describeWithSpire } from './support/deployment.ts'

const id = 'spiffe://acme.internal/orders'

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
      record(go, spireOperator(spire, 0, partner)),
      record(go, testingOperator(api, partner)),
    ])

    expect(ours).toEqual(theirs)
  })

  describe('of a workload that is registered, with a partner', () => {
    let ours: RawClient
    let theirs: RawClient

    beforeAll(async () => {
      await spire.server.setFederatedBundle('partner.example', documentOf(partner))
      await spire.server.createEntry({ spiffeID: id, uid: 0, federatesWith: ['spiffe://partner.example'] })
      await isFederated(spire.agent.address)
      api.federate(partner)
      ours = new RawClient(api.workload(id).address)
      theirs = new RawClient(spire.agent.address)
    })
    afterAll(() => {
      for (const client of [ours, theirs]) client?.[Symbol.dispose]()
    })

    /** What each of them says to the same question. */
    const ask = (question: (client: RawClient) => Promise<unknown>): Promise<readonly unknown[]> =>
      Promise.all([ours, theirs].map((client) => question(client)))

    test.each(Object.entries(unfit))('refuse, when asked for %s, in the same words', async (_, call) => {
      const [said, meant] = await ask((client) => call(client))

      expect(said).toEqual(meant)
    })

    test.each(Object.entries(everyCall))(
      'refuse %s without the right header in the same words',
      async (_, call) => {
        for (const metadata of [header(), header(''), header('True'), header('true', 'true')]) {
          const [said, meant] = await ask((client) => call(client, metadata))

          expect(said).toEqual(meant)
          expect(said).toMatchObject({ code: 'INVALID_ARGUMENT' })
        }
      },
    )

    test('issue tokens with the same headers and claims, and say the same of their own', async () => {
      const [said, meant] = await ask(async (client) => {
        const audience = ['orders', 'billing']
        const { svids } = await client.call('fetchJWTSVID', { audience, spiffeID: id })
        const token = svids[0]?.svid ?? ''
        const valid = await client.call('validateJWTSVID', { audience: 'orders', svid: token })
        return { token: shapeOfToken(token), valid: { ...valid, claims: withoutTimes(valid.claims) } }
      })

      expect(said).toEqual(meant)
    })

    test('say the same of tokens of a partner, good and bad', async () => {
      const tokens = await tokensOf(partner)
      const judge = async (client: RawClient) => {
        const verdicts: Record<string, unknown> = {}
        for (const [name, svid] of Object.entries(tokens)) {
          verdicts[name] = await client
            .call('validateJWTSVID', { audience: 'orders', svid })
            .catch(({ code, details }) => ({ code: status[code], details }))
        }
        return verdicts
      }

      const [said, meant] = await ask(judge)

      expect(said).toEqual(meant)
    })

    test('refuse what is no token with the same status', async () => {
      for (const svid of ['a.b.c', 'token', `${'a'.repeat(9000)}.b.c`]) {
        const answers = await ask((client) =>
          client.call('validateJWTSVID', { audience: 'orders', svid }).catch((refused: unknown) => refused),
        )
        const refused = {
          code: status.INVALID_ARGUMENT,
          details: expect.stringMatching(/^unable to parse JWT token: /),
        }
        expect(answers).toMatchObject([refused, refused])
      }
    })
  })

  test('issue certificates of the same make', async () => {
    const dnsNames = ['orders.internal']
    await spire.server.createEntry({ spiffeID: `${id}/named`, uid: 0, hint: 'named', dnsNames })
    const theirs = await makesOf(spire.agent.address)
    const ours = await makesOf(api.workload(`${id}/named`, { hint: 'named', dnsNames }).address)

    expect(ours).toEqual(theirs)
  })
})

/** Waits until the agent has our identity, and the bundle of the partner with it. */
async function isFederated(address: string): Promise<void> {
  await using client = WorkloadAPIClient.create({ address })
  for await (const bundles of client.watchJWTBundles()) if (bundles.has('partner.example')) return
}

function shapeOfToken(token: string): unknown {
  const [head = '', claims = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return {
    header: { ...JSON.parse(head), kid: 'a kid' },
    claims: Object.entries(withoutTimes(JSON.parse(claims))),
  }
}

const withoutTimes = (claims: object): object =>
  Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [name, typeof value === 'number' ? 'a time' : value]),
  )

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
