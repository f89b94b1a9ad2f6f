import type { JWTBundle } from '../bundle/jwt/jwt-bundle.ts'
import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { JWTBundleSource } from '../bundle/source.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { JWTSVIDParams, JWTSVIDSource } from '../svid/source.ts'
import type { AbortScope } from './abort-scope.ts'
import { callsOf } from './client.ts'
import { WorkloadAPIError } from './error.ts'
import { Feed } from './feed.ts'
import type { SourceHealth } from './health.ts'
import { queryOf } from './jwt-svid-query.ts'
import { Backoff } from './retry.ts'
import { clientOf, type SourceClient } from './source-client.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'
import { jwtBundles } from './streams.ts'
import { TokenCache, type TokenRequest } from './token-cache.ts'
import { holdProcess, sleep, untilAborted } from './wait.ts'

/** Options of {@link JWTSource.create}. */
export interface JWTSourceOptions extends SourceOptions {
  /**
   * How many tokens to keep at most; of more, those that were not used for longest are fetched again.
   *
   * @default 1000
   */
  readonly maxCachedTokens?: number | undefined
}

const DEFAULT_CACHED_TOKENS = 1_000

/**
 * JWT-SVIDs to call others with, and the JWT authorities that theirs are validated with.
 *
 * Tokens are fetched when they are asked for, kept, and renewed in the background before they expire. Bundles
 * come over a stream that goes on for ever, as with {@link X509Source}. It keeps no process alive.
 *
 * @see Workload API §6
 * @example
 * Call a service, and know who calls
 * ```ts
 * import { JWTSource, jwtsvid } from 'js-spiffe'
 *
 * const source = await JWTSource.create()
 * const svid = await source.fetchJWTSVID({ audience: 'orders' })
 * const caller = await jwtsvid.parseAndValidate(svid.marshal(), source, ['orders'])
 * console.log(`${caller.id}`)
 * ```
 */
export class JWTSource implements JWTSVIDSource, JWTBundleSource, AsyncDisposable {
  readonly #feed: Feed<JWTBundleSet>
  readonly #client: SourceClient
  readonly #tokens: TokenCache
  readonly #scope: AbortScope

  private constructor(feed: Feed<JWTBundleSet>, client: SourceClient, capacity: number) {
    const { clock } = callsOf(client.client)
    this.#feed = feed
    this.#client = client
    this.#scope = callsOf(client.client).begin(undefined)
    this.#tokens = new TokenCache({
      clock,
      capacity,
      fetch: (request) => this.#fetch(request),
      onError: (error) => {
        // Our own end is no failure.
        if (!this.#scope.signal.aborted) feed.reporter.error(error)
      },
    })
    feed.changes.onChange(() => this.#forgetSpentTokens())
  }

  /**
   * Connects to the Workload API and waits for the first bundles.
   *
   * @param options - Where the Workload API is and how long to wait: 30 seconds by default.
   * @returns The source, which serves from now on.
   * @throws as {@link X509Source.create} does.
   */
  static async create(options: JWTSourceOptions = {}): Promise<JWTSource> {
    const { maxCachedTokens = DEFAULT_CACHED_TOKENS } = options
    if (!Number.isSafeInteger(maxCachedTokens) || maxCachedTokens < 1) {
      throw new TypeError('maxCachedTokens is a whole number greater than 0')
    }
    const client = clientOf(options)
    try {
      const feed = await Feed.open({
        source: 'JWTSource',
        calls: callsOf(client.client),
        stream: jwtBundles,
        options,
        equals: (a, b) => a.equals(b),
        describe: (bundles) =>
          `trusts the JWT authorities of ${[...bundles].map((b) => b.trustDomain).join(', ')}`,
      })
      return new JWTSource(feed, client, maxCachedTokens)
    } catch (error) {
      await client.release()
      throw error
    }
  }

  /**
   * A token for the audience, fresh enough to be used now.
   *
   * The same question gets the same token until it nears its end, in whatever order the audience is given. Those
   * who ask at the same time share one call, which no one of them can abort for the others.
   *
   * @param params - Whom the token is for, and as whom; the default identity where no subject is given.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED` when this workload has no such
   * identity, `ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN` when none has the hint, and what else
   * {@link WorkloadAPIClient.fetchJWTSVID} throws.
   * @throws `TypeError` when there is no audience, and the reason of the signal when it aborts.
   */
  async fetchJWTSVID(params: JWTSVIDParams): Promise<JWTSVID> {
    const { signal, hint } = params
    const request = { ...queryOf(params), hint }
    signal?.throwIfAborted()
    if (this.#feed.health().state === 'closed') throw this.#feed.closedError()
    return untilAborted(this.#tokens.get(request), signal)
  }

  /**
   * The bundle of a trust domain, or `undefined` where that trust domain is not trusted.
   *
   * @param trustDomain - Whose bundle to look up.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when the source is closed,
   * `ERR_SPIFFE_SOURCE_REDACTED` when the agent withdrew the bundles.
   */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.#feed.value.get(trustDomain)
  }

  /** Every bundle that is trusted now. */
  getJWTBundles(): Iterable<JWTBundle> {
    return this.#feed.value
  }

  /** Calls the listener after each change of the bundles, until the returned function is called. */
  onChange(listener: () => void): () => void {
    return this.#feed.changes.onChange(listener)
  }

  /** The bundles that the source holds now, and then each change, as {@link X509Source.updates} gives them. */
  updates(options: UpdateOptions = {}): AsyncIterableIterator<JWTBundleSet> {
    return this.#feed.changes.updates(options)
  }

  /** Waits for the next change of the bundles; those that the source holds already do not count. */
  waitForUpdate(options: UpdateOptions = {}): Promise<JWTBundleSet> {
    return this.#feed.next(options)
  }

  /** How the source is: that is, its stream of bundles. */
  health(): SourceHealth {
    return this.#feed.health()
  }

  /** Ends the stream, the fetches that are under way and, where the client is its own, the connection. */
  async close(): Promise<void> {
    await this.#feed.close()
    this.#tokens.forget()
    this.#scope.abort(this.#feed.closedError())
    this.#scope.end()
    await this.#client.release()
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Where the identity was withdrawn, so were its tokens; and nobody accepts one whose authority is gone. */
  #forgetSpentTokens(): void {
    const bundles = this.#feed.health().state === 'serving' ? this.#feed.value : undefined
    this.#tokens.forget(({ id, header }) => {
      const bundle = bundles?.get(id.trustDomain)
      return bundle === undefined || (header.kid !== undefined && !bundle.has(header.kid))
    })
  }

  /** Asks the agent; once more where the connection did not outlive the agent. */
  async #fetch(request: TokenRequest): Promise<JWTSVID> {
    const { client } = this.#client
    const params = { ...request, signal: this.#scope.signal }
    const release = holdProcess()
    try {
      return await client.fetchJWTSVID(params)
    } catch (error) {
      if (!isTransient(error)) throw error
      await sleep(callsOf(client).clock, new Backoff().next(error), params.signal)
      return await client.fetchJWTSVID(params)
    } finally {
      release()
    }
  }
}

function isTransient(error: unknown): error is WorkloadAPIError {
  return error instanceof WorkloadAPIError && error.code === 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE'
}
