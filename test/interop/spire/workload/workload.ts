import type { JWTBundleSet, X509BundleSet } from '../../../../src/bundle/index.ts'
import {
  jwtsvid,
  type X509Context,
  type X509ContextSource,
  type X509SVID,
} from '../../../../src/svid/index.ts'
import { authorizeID, mtlsClientOptions } from '../../../../src/tlsconfig/index.ts'
import type { JWTSource, WorkloadAPIClient, X509Source } from '../../../../src/workloadapi/index.ts'
import { sourceOf } from '../../support/fixed-source.ts'
import { dnsNamesOf, get } from './calls.ts'
import { Flow } from './flow.ts'
import { serveOrders } from './orders.ts'
import type { Command, Identity, Verdict, WorkloadEvent } from './protocol.ts'
import { failureOf, report } from './report.ts'

type Order<K extends Command['do']> = Extract<Command, { do: K }>

/** Our library, doing what it is told and telling what it sees. */
export class Workload {
  readonly #client: WorkloadAPIClient
  readonly #source: X509Source
  readonly #jwts: JWTSource
  #remembered: X509Context | undefined
  #flow: Flow | undefined

  constructor(client: WorkloadAPIClient, source: X509Source, jwts: JWTSource) {
    this.#client = client
    this.#source = source
    this.#jwts = jwts
    this.#tell()
    source.onChange(() => this.#tell())
    this.#tellKeys().catch((error: unknown) => report({ event: 'failed', error: failureOf(error) }))
  }

  obey(command: Command): Promise<void> {
    switch (command.do) {
      case 'serve':
        return this.#serve(command)
      case 'call':
        return this.#call(command)
      case 'remember':
        return this.#remember()
      case 'startFlow':
        return this.#startFlow(command)
      case 'stopFlow':
        return this.#stopFlow()
      case 'health':
        return Promise.resolve(report(this.#health()))
      case 'makeAllCalls':
        return this.#makeAllCalls(command)
      case 'validate':
        return this.#validate(command)
      case 'token':
        return this.#token(command)
    }
  }

  async #serve(order: Order<'serve'>): Promise<void> {
    report({ event: 'listening', port: await serveOrders(this.#source, this.#jwts, order) })
  }

  async #call(order: Order<'call'>): Promise<void> {
    const { port, expect, as } = order
    const source = as === 'remembered' ? this.#asRemembered() : this.#source
    try {
      const options = { agent: false as const, ...mtlsClientOptions(source, authorizeID(expect)) }
      const token = await this.#tokenFor(order)
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      report({ event: 'called', answer: await get(port, { ...options, headers }) })
    } catch (error) {
      report({ event: 'called', error: failureOf(error) })
    }
  }

  async #tokenFor({ audience, token }: Order<'call'>): Promise<string | undefined> {
    if (audience === undefined) return token
    return (await this.#jwts.fetchJWTSVID({ audience })).marshal()
  }

  #asRemembered(): X509ContextSource {
    if (this.#remembered === undefined) throw new Error('nothing was remembered')
    return sourceOf(this.#remembered)
  }

  async #remember(): Promise<void> {
    this.#remembered = this.#source.snapshot()
    report({ event: 'remembered' })
  }

  async #startFlow(order: Order<'startFlow'>): Promise<void> {
    this.#flow = new Flow(this.#source, this.#jwts, order)
    report({ event: 'flowing' })
  }

  async #stopFlow(): Promise<void> {
    if (this.#flow !== undefined) report(await this.#flow.stop())
  }

  async #makeAllCalls({ audience }: Order<'makeAllCalls'>): Promise<void> {
    const client = this.#client
    const [context, x509Bundles, svids, jwtBundles] = await Promise.all([
      client.fetchX509Context(),
      client.fetchX509Bundles(),
      client.fetchJWTSVIDs({ audience }),
      client.fetchJWTBundles(),
    ])
    const [first] = svids
    const validated = first && (await client.validateJWTSVID(first.marshal(), audience))
    report({
      event: 'calls',
      results: {
        fetchX509SVID: {
          identities: context.svids.map(identityOf),
          authorities: authoritiesOf(context.bundles),
        },
        fetchX509Bundles: authoritiesOf(x509Bundles),
        fetchJWTSVID: svids.map(({ id, hint, audience }) => ({ id, hint, audience })),
        fetchJWTBundles: keysOf(jwtBundles),
        validateJWTSVID: { id: validated?.id, audience: validated?.audience },
      },
    })
  }

  async #validate({ token, audience }: Order<'validate'>): Promise<void> {
    report({
      event: 'validated',
      remote: await verdict(() => this.#client.validateJWTSVID(token, audience)),
      local: await verdict(() => jwtsvid.parseAndValidate(token, this.#jwts, audience)),
    })
  }

  async #token({ audience, hint }: Order<'token'>): Promise<void> {
    try {
      const svid = await this.#jwts.fetchJWTSVID({ audience, hint })
      report({ event: 'token', token: svid.marshal(), id: svid.id.toString() })
    } catch (error) {
      report({ event: 'token', error: failureOf(error) })
    }
  }

  #tell(): void {
    const health = this.#health()
    report(health)
    if (!health.serves) return
    const { svids, bundles } = this.#source.snapshot()
    report({ event: 'update', identities: svids.map(identityOf), authorities: authoritiesOf(bundles) })
  }

  async #tellKeys(): Promise<void> {
    for await (const bundles of this.#jwts.updates()) report({ event: 'jwtUpdate', keys: keysOf(bundles) })
  }

  #health(): Extract<WorkloadEvent, { event: 'health' }> {
    const { state, connected, failures, lastError } = this.#source.health()
    return {
      event: 'health',
      state,
      connected,
      failures,
      ...(lastError && { lastError: failureOf(lastError) }),
      ...this.#serves(),
    }
  }

  #serves(): { readonly serves: boolean; readonly refusal?: ReturnType<typeof failureOf> } {
    try {
      this.#source.getX509SVID()
      return { serves: true }
    } catch (error) {
      return { serves: false, refusal: failureOf(error) }
    }
  }
}

async function verdict(judge: () => Promise<{ readonly id: { toString(): string } }>): Promise<Verdict> {
  try {
    return { id: (await judge()).id.toString() }
  } catch (error) {
    return { error: failureOf(error) }
  }
}

const identityOf = (svid: X509SVID): Identity => ({
  id: svid.id.toString(),
  hint: svid.hint,
  serial: svid.certificates[0]?.serialNumber ?? '',
  dnsNames: dnsNamesOf(svid.certificates[0]?.subjectAltName),
  expiresAt: svid.expiresAt.toISOString(),
})

const authoritiesOf = (bundles: X509BundleSet): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...bundles].map(({ trustDomain, x509Authorities }) => [
      trustDomain.name,
      x509Authorities.map(({ serialNumber }) => serialNumber),
    ]),
  )

const keysOf = (bundles: JWTBundleSet): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...bundles].map(({ trustDomain, jwtAuthorities }) => [trustDomain.name, [...jwtAuthorities.keys()]]),
  )
