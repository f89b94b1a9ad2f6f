import { JWTSource, type SpiffeID, X509Source, type X509SVID } from 'js-spiffe'
import type { X509Context } from 'js-spiffe/svid'
import { Authority } from 'js-spiffe/testing'
import { type Cast, fingerprintOf, type Rotations, type Troupe } from './cast.ts'
import { NotShown } from './step.ts'

/** How long an agent is waited for. */
export interface AgentTroupeOptions {
  /** How long it may take to answer, in milliseconds. */
  readonly patienceMs: number
  /** How long it is watched for a rotation, in milliseconds. */
  readonly watchMs: number
}

/** Whom the identities of an agent can play: this process gets all of them over one socket. */
export class AgentTroupe implements Troupe {
  readonly #address: string
  readonly #patienceMs: number
  readonly #watchMs: number
  readonly #open: AsyncDisposable[] = []

  constructor(address: string, { patienceMs, watchMs }: AgentTroupeOptions) {
    this.#address = address
    this.#patienceMs = patienceMs
    this.#watchMs = watchMs
  }

  async open(): Promise<string> {
    const { length } = (await this.#source()).snapshot().svids
    return `${this.#address}, ${length} ${length === 1 ? 'identity' : 'identities'} for this process`
  }

  async cast(): Promise<Cast> {
    const jwt = this.#keep(await JWTSource.create({ address: this.#address, timeoutMs: this.#patienceMs }))
    const orders = await this.#source()
    const { svid, svids } = orders.snapshot()
    // The first identity serves and the second calls; where there is but one, it calls itself.
    const first = svid.id
    const second = svids.find(({ id }) => !id.equals(first))?.id ?? first
    const checkout = await this.#source(second)
    const elsewhere = await Authority.create({ trustDomain: 'elsewhere.example' })
    return {
      orders: { id: first, x509: orders, jwt },
      checkout: { id: second, x509: checkout, jwt },
      stranger: svids.find(({ id }) => !id.equals(second)) ?? {
        missing: 'the agent has one identity for this process; a second entry would make a stranger',
      },
      foreigner: await elsewhere.issueX509SVID('spiffe://elsewhere.example/checkout'),
      impostor: { missing: 'no CA of a federated trust domain signs for us' },
      rotate: watching(orders, this.#watchMs),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open.reverse()) await open[Symbol.asyncDispose]()
  }

  async #source(id?: SpiffeID): Promise<X509Source> {
    const picker = (svids: readonly X509SVID[]): X509SVID => {
      const svid = svids.find((svid) => id === undefined || svid.id.equals(id))
      if (svid === undefined) throw new Error(`the agent took ${id} away`)
      return svid
    }
    return this.#keep(
      await X509Source.create({ address: this.#address, timeoutMs: this.#patienceMs, picker }),
    )
  }

  #keep<T extends AsyncDisposable>(open: T): T {
    this.#open.push(open)
    return open
  }
}

/** Nobody but its operator can make an agent rotate; but it may do so by itself. */
function watching(source: X509Source, watchMs: number): Rotations {
  const { trustDomain } = source.getX509SVID().id
  return {
    async svids() {
      const old = fingerprintOf(source.getX509SVID())
      const isNew = ({ svid }: X509Context): boolean => fingerprintOf(svid) !== old
      await within(watchMs, source, isNew, 'no SVID was renewed; with a TTL of seconds they are')
    },
    async authority() {
      const old = source.getX509Bundle(trustDomain)
      const isNew = ({ bundles }: X509Context): boolean =>
        old?.equals(bundles.get(trustDomain) ?? old) === false
      await within(
        watchMs,
        source,
        isNew,
        'no authority came or went; the operator of the agent can rotate them',
      )
    },
  }
}

async function within(
  watchMs: number,
  source: X509Source,
  holds: (context: X509Context) => boolean,
  otherwise: string,
): Promise<void> {
  const signal = AbortSignal.timeout(watchMs)
  try {
    for await (const context of source.updates({ signal, persistent: true })) if (holds(context)) return
  } catch (error) {
    if (!signal.aborted) throw error
    throw new NotShown(`${otherwise} (it was watched for ${watchMs / 1000} s)`)
  }
}
