import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { JWTSVIDParams, X509Context } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { type CallOptions, Calls } from './calls.ts'
import { type Clock, systemClock } from './clock.ts'
import { resolveEndpoint } from './endpoint.ts'
import type { WorkloadAPIError } from './error.ts'
import { queryOf } from './jwt-svid-query.ts'
import { callListener } from './listener.ts'
import { LiveIterator } from './live-iterator.ts'
import { selectByHint } from './responses/fields.ts'
import { readJWTSVIDs, readValidatedJWTSVID } from './responses/jwt-svids.ts'
import { jwtBundles, type Stream, x509Bundles, x509Contexts } from './streams.ts'
import { calls as apiCalls } from './wire/workload-api.ts'

/** Options of {@link WorkloadAPIClient.create}. */
export interface WorkloadAPIClientOptions {
  /**
   * Where the Workload API listens, such as `unix:///run/spire/agent.sock` or `tcp://127.0.0.1:8081`.
   *
   * @default the value of the environment variable SPIFFE_ENDPOINT_SOCKET
   */
  readonly address?: string | undefined
  /**
   * How often to ask, in milliseconds, whether a silent connection still lives. gRPC servers in Go hang up on
   * who asks more often than every five minutes.
   *
   * @default 330000
   */
  readonly keepaliveMs?: number | undefined
  /**
   * The time.
   *
   * @default the time of the machine
   */
  readonly clock?: Clock | undefined
}

/** Options of a fetch that may have to leave out bundles. */
export interface FetchOptions extends CallOptions {
  /** Called for every bundle that cannot be used: its trust domain is then not trusted. */
  readonly onError?: ((error: WorkloadAPIError) => void) | undefined
}

/** Options of a watch. */
export interface WatchOptions {
  /** Ends the watch; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with every failure that the watch outlives, and for every bundle that has to be left out. */
  readonly onError?: ((error: WorkloadAPIError) => void) | undefined
  /**
   * Whether the process stays alive while somebody waits for the next update.
   *
   * @default true
   */
  readonly persistent?: boolean | undefined
}

const DEFAULT_KEEPALIVE_MS = 330_000

/**
 * The calls that a client makes, for the sources that share it. Not exported from the folder.
 *
 * @internal
 */
export let callsOf: (client: WorkloadAPIClient) => Calls

/**
 * Speaks to the Workload API: the calls as they are, each answer checked.
 *
 * Most services want {@link X509Source} and {@link JWTSource} instead, which keep what they got up to date.
 *
 * Fetches ask once, and fail when there is no answer in time. Watches go on for ever: they open their stream
 * again whenever it ends, and give every message of it. A message is the complete state; what it leaves out is
 * gone. gRPC is loaded by the first call.
 *
 * @see SPIFFE_Workload_API.md and SPIFFE_Workload_Endpoint.md
 * @example
 * Follow every rotation
 * ```ts
 * import { WorkloadAPIClient } from 'js-spiffe'
 *
 * await using client = WorkloadAPIClient.create()
 * for await (const { svid } of client.watchX509Context()) {
 *   console.log(`${svid.id}, until ${svid.expiresAt.toISOString()}`)
 *   break
 * }
 * ```
 */
export class WorkloadAPIClient implements AsyncDisposable {
  readonly #calls: Calls

  static {
    callsOf = (client) => client.#calls
  }

  private constructor(calls: Calls) {
    this.#calls = calls
  }

  /**
   * A client of the Workload API at an address. Nothing is connected yet.
   *
   * @param options - Where it listens.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…`, a code for each rule, when the address is none or
   * is missing.
   */
  static create(options: WorkloadAPIClientOptions = {}): WorkloadAPIClient {
    const { address, keepaliveMs = DEFAULT_KEEPALIVE_MS, clock = systemClock } = options
    if (!Number.isSafeInteger(keepaliveMs) || keepaliveMs <= 0) {
      throw new TypeError('keepaliveMs is a whole number of milliseconds greater than 0')
    }
    return new WorkloadAPIClient(new Calls(resolveEndpoint(address), clock, keepaliveMs))
  }

  /** Where the Workload API listens. */
  get address(): string {
    return this.#calls.endpoint.address
  }

  /**
   * Fetches the identities of this workload and the trust that belongs to them.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_…` when there is none, or it cannot be used.
   * @see Workload API §5.2.1, FetchX509SVID
   */
  fetchX509Context(options: FetchOptions = {}): Promise<X509Context> {
    return this.#fetch(x509Contexts, options)
  }

  /** Fetches the identities of this workload, its default identity first. */
  async fetchX509SVIDs(options: FetchOptions = {}): Promise<readonly X509SVID[]> {
    return (await this.fetchX509Context(options)).svids
  }

  /** Fetches the default identity of this workload (Workload API §8). */
  async fetchX509SVID(options: FetchOptions = {}): Promise<X509SVID> {
    return (await this.fetchX509Context(options)).svid
  }

  /**
   * Fetches the X.509 authorities of all trust domains that this workload may trust. They authenticate
   * X509-SVIDs only.
   *
   * @see Workload API §5.2.2, FetchX509Bundles
   */
  fetchX509Bundles(options: FetchOptions = {}): Promise<X509BundleSet> {
    return this.#fetch(x509Bundles, options)
  }

  /**
   * Fetches JWT-SVIDs for an audience: for the subject, or for every identity of this workload.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_…` when there is none, or it is not what was asked
   * for.
   * @see Workload API §6.2.1, FetchJWTSVID
   */
  async fetchJWTSVIDs(
    params: Omit<JWTSVIDParams, 'hint'> & { readonly timeoutMs?: number | undefined },
  ): Promise<readonly JWTSVID[]> {
    const query = queryOf(params)
    const request = { audience: query.audience, spiffeID: query.subject?.uri ?? '' }
    const response = await this.#calls.unary(apiCalls.fetchJWTSVID, request, params)
    return readJWTSVIDs(response, query, this.#calls.clock.now())
  }

  /** Fetches a JWT-SVID for an audience: the first that {@link fetchJWTSVIDs} gives, or the one with the hint. */
  async fetchJWTSVID(params: JWTSVIDParams & { readonly timeoutMs?: number | undefined }): Promise<JWTSVID> {
    return selectByHint(await this.fetchJWTSVIDs(params), params.hint)
  }

  /**
   * Fetches the JWT authorities of all trust domains that this workload may trust. They authenticate JWT-SVIDs
   * only.
   *
   * @see Workload API §6.2.2, FetchJWTBundles
   */
  fetchJWTBundles(options: FetchOptions = {}): Promise<JWTBundleSet> {
    return this.#fetch(jwtBundles, options)
  }

  /**
   * Has the Workload API validate a token that somebody presented.
   *
   * It costs a call for each token; `jwtsvid.parseAndValidate` does the same here.
   *
   * @param token - The token in its compact form.
   * @param audience - Whom it must be for: us.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED` when it is not valid.
   * @see Workload API §6.2.3, ValidateJWTSVID
   */
  async validateJWTSVID(token: string, audience: string, options: CallOptions = {}): Promise<JWTSVID> {
    if (typeof token !== 'string' || token === '') throw new TypeError('token is a string that is not empty')
    if (typeof audience !== 'string') throw new TypeError('audience is a string: one audience')
    const [expected] = queryOf({ audience }).audience
    const request = { audience: expected, svid: token }
    const response = await this.#calls.unary(apiCalls.validateJWTSVID, request, options)
    return readValidatedJWTSVID(response, token, expected, this.#calls.clock.now())
  }

  /**
   * Watches the identities of this workload and the trust that belongs to them.
   *
   * The iteration begins with what is true now. It throws what cannot get better: that the Workload API takes
   * the request for invalid, or does not know the call. Everything else is reported to `onError` and tried
   * again.
   */
  watchX509Context(options: WatchOptions = {}): AsyncIterableIterator<X509Context> {
    return this.#watch(x509Contexts, options)
  }

  /** Watches the X.509 authorities, as {@link watchX509Context} does. */
  watchX509Bundles(options: WatchOptions = {}): AsyncIterableIterator<X509BundleSet> {
    return this.#watch(x509Bundles, options)
  }

  /** Watches the JWT authorities, as {@link watchX509Context} does. */
  watchJWTBundles(options: WatchOptions = {}): AsyncIterableIterator<JWTBundleSet> {
    return this.#watch(jwtBundles, options)
  }

  /**
   * Closes the connection. Calls that are under way fail with `ERR_SPIFFE_WORKLOAD_API_CLOSED`, and watches end.
   * Once it resolves, nothing is left open.
   */
  close(): Promise<void> {
    return this.#calls.close()
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #fetch<T>(stream: Stream<T>, options: FetchOptions): Promise<T> {
    const { value, skipped } = await this.#calls.first(stream, options)
    for (const error of skipped) callListener(options.onError, error)
    return value
  }

  #watch<T>(
    stream: Stream<T>,
    { signal, onError, persistent = true }: WatchOptions,
  ): AsyncIterableIterator<T> {
    const calls = this.#calls
    const report = (error: WorkloadAPIError | undefined): void => {
      if (error) callListener(onError, error)
    }
    const observer = { onRefused: report, onEnded: report, outlives: () => false, doubts: () => false }
    return new LiveIterator({
      begin: (parent) => calls.begin(parent),
      async *start(attempt) {
        for await (const { value, skipped } of calls.watch(stream, observer, attempt)) {
          skipped.forEach(report)
          yield value
        }
      },
      signal,
      persistent,
    })
  }
}
