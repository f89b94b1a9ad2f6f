import { LRU } from '../internal/lru.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { Clock } from './clock.ts'
import { asWorkloadAPIError, WorkloadAPIError } from './error.ts'
import type { JWTSVIDQuery } from './jwt-svid-query.ts'
import { Backoff } from './retry.ts'

/** What a token is asked for with: the same question gets the same token. */
export interface TokenRequest extends JWTSVIDQuery {
  readonly hint: string | undefined
}

/** What a token cache is made of. */
export interface TokenCacheParameters {
  readonly clock: Clock
  /** How many tokens to keep at most. */
  readonly capacity: number
  /** Fetches a token anew. */
  fetch(request: TokenRequest): Promise<JWTSVID>
  /** Told why a token could not be renewed, while the old one still serves. */
  onError(error: WorkloadAPIError): void
}

interface CachedToken {
  readonly svid: JWTSVID
  /** From when on a use has it renewed. */
  readonly renewAtMs: number
  /** Until when it is given out: short of its very end, for it has a way to go. */
  readonly usableUntilMs: number
  readonly backoff: Backoff
}

const LONGEST_MARGIN_MS = 5_000

/**
 * Tokens to call others with. Each is fetched once for all who ask for the same, and renewed in the background
 * when somebody uses it in the second half of its life.
 */
export class TokenCache {
  readonly #parameters: TokenCacheParameters
  readonly #tokens: LRU<string, CachedToken>
  readonly #underWay = new Map<string, Promise<JWTSVID>>()
  #generation = 0

  constructor(parameters: TokenCacheParameters) {
    this.#parameters = parameters
    this.#tokens = new LRU(parameters.capacity)
  }

  /** The token: at once where one is kept that will do, otherwise when it has been fetched. */
  async get(request: TokenRequest): Promise<JWTSVID> {
    const key = keyOf(request)
    const token = this.#tokens.get(key)
    const nowMs = this.#parameters.clock.now().getTime()
    if (token === undefined || nowMs >= token.usableUntilMs) return this.#fetchOnce(key, request)
    if (nowMs >= token.renewAtMs) void this.#renew(key, request, token)
    return token.svid
  }

  /** Forgets the tokens that are no good any longer, or all. What is under way is not kept either. */
  forget(isSpent: (svid: JWTSVID) => boolean = () => true): void {
    this.#generation += 1
    for (const [key, { svid }] of [...this.#tokens]) {
      if (isSpent(svid)) this.#tokens.delete(key)
    }
  }

  #fetchOnce(key: string, request: TokenRequest): Promise<JWTSVID> {
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    const fetching = this.#fetch(key, request).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, fetching)
    return fetching
  }

  async #fetch(key: string, request: TokenRequest): Promise<JWTSVID> {
    const generation = this.#generation
    const fetchedAtMs = this.#parameters.clock.now().getTime()
    try {
      const svid = await this.#parameters.fetch(request)
      if (generation === this.#generation) this.#tokens.set(key, cached(svid, fetchedAtMs))
      return svid
    } catch (error) {
      // A refusal is about the identity: without a subject, about every identity of this process.
      const { subject } = request
      if (isWithdrawal(error)) this.forget(({ id }) => subject === undefined || id.equals(subject))
      throw error
    }
  }

  /** Renews a token that still serves. After a failure it is left alone for a while. */
  async #renew(key: string, request: TokenRequest, token: CachedToken): Promise<void> {
    try {
      await this.#fetchOnce(key, request)
    } catch (failure) {
      const error = asWorkloadAPIError(failure, 'a token could not be renewed')
      const pauseMs = token.backoff.next(error)
      if (this.#tokens.get(key) === token) {
        this.#tokens.set(key, { ...token, renewAtMs: this.#parameters.clock.now().getTime() + pauseMs })
      }
      this.#parameters.onError(error)
    }
  }
}

// Structured, so that no two questions have the same key; the order of audiences means nothing.
function keyOf({ audience, subject, hint }: TokenRequest): string {
  return JSON.stringify([subject?.uri ?? null, hint ?? null, ...[...audience].sort()])
}

function cached(svid: JWTSVID, fetchedAtMs: number): CachedToken {
  const expiresAtMs = svid.expiresAt.getTime()
  const marginMs = Math.min(LONGEST_MARGIN_MS, (expiresAtMs - fetchedAtMs) / 10)
  return {
    svid,
    renewAtMs: (fetchedAtMs + expiresAtMs) / 2,
    usableUntilMs: expiresAtMs - marginMs,
    backoff: new Backoff(),
  }
}

function isWithdrawal(error: unknown): boolean {
  return error instanceof WorkloadAPIError && error.code === 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'
}
