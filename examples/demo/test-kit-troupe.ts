import { JWTSource, SpiffeID, X509Source } from 'js-spiffe'
import type { X509Context } from 'js-spiffe/svid'
import { Authority, type Workload, WorkloadAPI } from 'js-spiffe/testing'
import { type Cast, fingerprintOf, type Player, type Rotations, type Troupe } from './cast.ts'

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'

/** Everybody, out of Workload APIs of our own. */
export class TestKitTroupe implements Troupe {
  readonly #open: AsyncDisposable[] = []
  #stage: { api: WorkloadAPI; orders: Workload; checkout: Workload } | undefined

  async open(): Promise<string> {
    const api = this.#keep(await WorkloadAPI.start({ trustDomain: 'acme.internal' }))
    this.#stage = { api, orders: api.workload(orders), checkout: api.workload(checkout) }
    return `${this.#stage.orders.address}, and a socket for each other workload`
  }

  async cast(): Promise<Cast> {
    if (this.#stage === undefined) throw new Error('the Workload API is opened first')
    const { api } = this.#stage
    // Our trust domain federates with a partner: its CA is trusted, but for its own workloads.
    const partner = await Authority.create({ trustDomain: 'partner.example' })
    const elsewhere = await Authority.create({ trustDomain: 'elsewhere.example' })
    api.federate(partner)

    const players = {
      orders: await this.#player(orders, this.#stage.orders),
      checkout: await this.#player(checkout, this.#stage.checkout),
    }
    return {
      ...players,
      stranger: await api.authority.issueX509SVID('spiffe://acme.internal/billing'),
      foreigner: await elsewhere.issueX509SVID('spiffe://elsewhere.example/checkout'),
      impostor: await partner.issueX509SVID(checkout, { impersonate: true }),
      rotate: rotationsOf(api, [players.orders.x509, players.checkout.x509]),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open.reverse()) await open[Symbol.asyncDispose]()
  }

  async #player(id: string, { address }: Workload): Promise<Player> {
    const x509 = this.#keep(await X509Source.create({ address }))
    const jwt = this.#keep(await JWTSource.create({ address }))
    return { id: SpiffeID.parse(id), x509, jwt }
  }

  #keep<T extends AsyncDisposable>(open: T): T {
    this.#open.push(open)
    return open
  }
}

function rotationsOf(api: WorkloadAPI, sources: readonly X509Source[]): Rotations {
  const { x509: authority } = api.authority
  const everybody = (holds: (context: X509Context) => boolean): Promise<unknown> =>
    Promise.all(sources.map((source) => until(source, holds)))
  const trusts = (count: number) =>
    everybody(({ bundles }) => trustedBy(bundles.get(api.trustDomain)) === count)
  const renewal = () => {
    const old = new Set(sources.map((source) => fingerprintOf(source.getX509SVID())))
    return () => everybody(({ svid }) => !old.has(fingerprintOf(svid)))
  }

  return {
    async svids() {
      const renewed = renewal()
      await api.rotateSVIDs()
      await renewed()
    },

    // Nobody may present what somebody else does not trust yet, or does not trust any more.
    async authority(drained) {
      await authority.prepare()
      await trusts(2)
      const renewed = renewal()
      await authority.activate()
      await authority.taint()
      await renewed()
      await drained()
      await authority.revoke()
      await trusts(1)
    },
  }
}

async function until(source: X509Source, holds: (context: X509Context) => boolean): Promise<void> {
  for await (const context of source.updates({ persistent: true })) if (holds(context)) return
}

const trustedBy = (bundle: { readonly x509Authorities: readonly unknown[] } | undefined): number =>
  bundle?.x509Authorities.length ?? 0
