import { Client, credentials } from '@grpc/grpc-js'
import { jwtsvid, type X509Context, type X509ContextSource } from '../../../../src/svid/index.ts'
import { authorizeID, mtlsClientOptions } from '../../../../src/tlsconfig/index.ts'
import { type JWTSource, WorkloadAPIClient, type X509Source } from '../../../../src/workloadapi/index.ts'
import { sourceOf } from '../../support/fixed-source.ts'
import { judge } from '../../support/verdict.ts'
import { askAgent } from './ask-agent.ts'
import { get } from './calls.ts'
import { authoritiesOf, identityOf, keysOf } from './describe-update.ts'
import { Flow } from './flow.ts'
import { serveOrders } from './orders.ts'
import type { Command, Verdict, WorkloadEvent } from './protocol.ts'
import { failureOf, report } from './report.ts'

type Order<K extends Command['do']> = Extract<Command, { do: K }>

/** Our library, doing what it is told and telling what it sees. */
export class Workload {
  readonly #client: WorkloadAPIClient
  /** The agent without our client before it. */
  readonly #agent: Client
  readonly #source: X509Source
  readonly #jwts: JWTSource
  #remembered: X509Context | undefined
  #flow: Flow | undefined

  constructor(address: string, source: X509Source, jwts: JWTSource) {
    this.#client = WorkloadAPIClient.create({ address })
    this.#agent = new Client(address, credentials.createInsecure())
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
      case 'countFlow':
        return this.#countFlow()
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
    report({ event: 'listening', port: await serveOrders(this.#sourceFor(order), this.#jwts, order) })
  }

  async #call(order: Order<'call'>): Promise<void> {
    const { port, expect } = order
    try {
      const options = mtlsClientOptions(this.#sourceFor(order), authorizeID(expect))
      const headers = await this.#headersFor(order)
      const { answer } = await get(port, { agent: false, ...options, headers })
      report({ event: 'called', answer })
    } catch (error) {
      report({ event: 'called', error: failureOf(error) })
    }
  }

  async #headersFor({ audience }: Order<'call'>): Promise<Record<string, string>> {
    if (audience === undefined) return {}
    return { authorization: `Bearer ${(await this.#jwts.fetchJWTSVID({ audience })).marshal()}` }
  }

  #sourceFor({ as }: Order<'serve' | 'call'>): X509ContextSource {
    if (as === undefined) return this.#source
    if (this.#remembered === undefined) throw new Error('nothing was remembered')
    return sourceOf(this.#remembered)
  }

  async #remember(): Promise<void> {
    this.#remembered = this.#source.snapshot()
    report({ event: 'remembered', identity: identityOf(this.#remembered.svid) })
  }

  async #startFlow(order: Order<'startFlow'>): Promise<void> {
    this.#flow = new Flow(this.#source, this.#jwts, order)
    report({ event: 'flowing' })
  }

  async #countFlow(): Promise<void> {
    report({ event: 'counted', ...this.#flowing.report() })
  }

  async #stopFlow(): Promise<void> {
    await this.#flowing.stop()
    report({ event: 'flowed', ...this.#flowing.report() })
  }

  get #flowing(): Flow {
    if (this.#flow === undefined) throw new Error('no flow was started')
    return this.#flow
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
      remote: await askAgent(this.#agent, token, audience),
      local: await this.#judge(token, audience),
    })
  }

  async #judge(token: string, audience: string): Promise<Verdict> {
    const verdict = await judge(() => jwtsvid.parseAndValidate(token, this.#jwts, audience))
    return 'refusal' in verdict ? { error: failureOf(verdict.refusal) } : verdict
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
