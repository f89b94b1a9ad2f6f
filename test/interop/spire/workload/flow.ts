import https from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import type { JWTSVIDSource, X509ContextSource } from '../../../../src/svid/index.ts'
import { authorizeID, mtlsClientOptions } from '../../../../src/tlsconfig/index.ts'
import { get } from './calls.ts'
import type { Failure, WorkloadEvent } from './protocol.ts'
import { failureOf } from './report.ts'

const pauseMs = 10
const mostFailuresTold = 20

export interface FlowTarget {
  readonly port: number
  /** The ID that the server has to have. */
  readonly expect: string
  /** Whom the bearer tokens are for. */
  readonly audience: string
}

class Counter {
  passed = 0
  failed = 0
}

/** A constant flow of requests of three kinds side by side, each the next as soon as the last is answered. */
export class Flow {
  readonly #stopping = new AbortController()
  readonly #failures: Failure[] = []
  readonly #pooled = new Counter()
  readonly #fresh = new Counter()
  readonly #bearer = new Counter()
  readonly #agent: https.Agent
  readonly #running: Promise<unknown>

  constructor(source: X509ContextSource, jwts: JWTSVIDSource, { port, expect, audience }: FlowTarget) {
    const options = mtlsClientOptions(source, authorizeID(expect))
    this.#agent = new https.Agent({ keepAlive: true, ...options })
    const pooled = { agent: this.#agent }
    const fresh = { agent: false as const, ...options }
    const bearer = async (): Promise<https.RequestOptions> => {
      const svid = await jwts.fetchJWTSVID({ audience })
      return { ...pooled, headers: { authorization: `Bearer ${svid.marshal()}` } }
    }
    this.#running = Promise.all([
      this.#repeat(this.#pooled, () => get(port, pooled)),
      this.#repeat(this.#fresh, () => get(port, fresh)),
      this.#repeat(this.#bearer, async () => get(port, await bearer())),
    ])
  }

  async stop(): Promise<Extract<WorkloadEvent, { event: 'flowed' }>> {
    this.#stopping.abort()
    await this.#running
    this.#agent.destroy()
    return {
      event: 'flowed',
      pooled: this.#pooled,
      fresh: this.#fresh,
      bearer: this.#bearer,
      failures: this.#failures,
    }
  }

  async #repeat(counter: Counter, request: () => Promise<unknown>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await request()
        counter.passed++
      } catch (error) {
        counter.failed++
        if (this.#failures.length < mostFailuresTold) this.#failures.push(failureOf(error))
      }
      await delay(pauseMs)
    }
  }
}
