import https from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { JWTSVIDSource, X509ContextSource } from '../../../../src/svid/index.ts'
import { authorizeID, mtlsClientOptions } from '../../../../src/tlsconfig/index.ts'
import { get, type Reply } from './calls.ts'
import type { Failure, FlowKind, FlowReport, FlowTarget, Tally } from './protocol.ts'
import { failureOf } from './report.ts'

const mostFailuresTold = 20

class Counter implements Tally {
  passed = 0
  failed = 0
  opened = 0
  reused = 0
}

/**
 * A constant flow of requests of four kinds side by side: with a pool of connections and with one for each request,
 * without and with a bearer token.
 */
export class Flow {
  readonly #stopping = new AbortController()
  readonly #failures: Failure[] = []
  readonly #tallies: Readonly<Record<FlowKind, Counter>> = {
    pooled: new Counter(),
    fresh: new Counter(),
    pooledBearer: new Counter(),
    freshBearer: new Counter(),
  }
  readonly #seen = new WeakSet<Socket>()
  readonly #pauseMs: number
  readonly #agent = new https.Agent({ keepAlive: true })
  readonly #running: Promise<unknown>

  constructor(source: X509ContextSource, jwts: JWTSVIDSource, target: FlowTarget) {
    const { port, expect, audience, pauseMs = 10 } = target
    const options = mtlsClientOptions(source, authorizeID(expect))
    this.#pauseMs = pauseMs
    // With each request, and not to the agent: so no request goes on a connection from before a rotation.
    const pooled = (): https.RequestOptions => ({ agent: this.#agent, ...options })
    const fresh = (): https.RequestOptions => ({ agent: false, ...options })
    const bearer = async (connection: () => https.RequestOptions): Promise<Reply> => {
      const svid = await jwts.fetchJWTSVID({ audience })
      const headers = { authorization: `Bearer ${svid.marshal()}` }
      return identified(await get(port, { ...connection(), headers }))
    }
    this.#running = Promise.all([
      this.#repeat('pooled', () => get(port, pooled())),
      this.#repeat('fresh', () => get(port, fresh())),
      this.#repeat('pooledBearer', () => bearer(pooled)),
      this.#repeat('freshBearer', () => bearer(fresh)),
    ])
  }

  /** What became of it so far. */
  report(): FlowReport {
    return { tallies: this.#tallies, failures: this.#failures }
  }

  /** Ends it, when the requests that are under way are answered. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#agent.destroy()
  }

  async #repeat(kind: FlowKind, request: () => Promise<Reply>): Promise<void> {
    const counter = this.#tallies[kind]
    while (!this.#stopping.signal.aborted) {
      try {
        this.#count(counter, await request())
      } catch (error) {
        counter.failed++
        if (this.#failures.length < mostFailuresTold) this.#failures.push(failureOf(error))
      }
      await delay(this.#pauseMs)
    }
  }

  #count(counter: Counter, { socket, reusedSocket }: Reply): void {
    counter.passed++
    if (reusedSocket) counter.reused++
    if (!this.#seen.has(socket)) counter.opened++
    this.#seen.add(socket)
  }
}

/** An answer of a server that looked at the token. */
function identified(reply: Reply): Reply {
  if (reply.answer.caller === undefined) throw new Error('the server did not say whose token it was')
  return reply
}
