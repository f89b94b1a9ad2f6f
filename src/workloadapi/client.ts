import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { JWTSVIDParams, X509Context } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import type { Clock } from './clock.ts'
import type { WorkloadAPIError } from './error.ts'

/** Options of {@link WorkloadAPIClient.create}. */
export interface WorkloadAPIClientOptions {
  /**
   * Where the Workload API listens, such as `unix:///run/spire/agent.sock`.
   *
   * @default the value of SPIFFE_ENDPOINT_SOCKET
   */
  readonly address?: string | undefined
  /** The time. @default the time of the machine */
  readonly clock?: Clock | undefined
}

/** Options of a call that ends by itself. */
export interface CallOptions {
  /** How long to wait for the answer, in milliseconds. @default 30000 */
  readonly timeoutMs?: number | undefined
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of a watch. */
export interface WatchOptions {
  /** Ends the watch; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with every failure that the watch outlives. */
  readonly onError?: ((error: WorkloadAPIError) => void) | undefined
}

/** Speaks to the Workload API. */
export class WorkloadAPIClient implements AsyncDisposable {
  private constructor() {}

  static create(options: WorkloadAPIClientOptions = {}): WorkloadAPIClient {
    throw new Error(`unfinished ${options}`)
  }

  /** Where it speaks to. */
  get address(): string {
    throw new Error('unfinished')
  }

  fetchX509Context(options: CallOptions = {}): Promise<X509Context> {
    throw new Error(`unfinished ${options}`)
  }

  fetchX509SVIDs(options: CallOptions = {}): Promise<readonly X509SVID[]> {
    throw new Error(`unfinished ${options}`)
  }

  fetchX509SVID(options: CallOptions = {}): Promise<X509SVID> {
    throw new Error(`unfinished ${options}`)
  }

  fetchX509Bundles(options: CallOptions = {}): Promise<X509BundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  fetchJWTSVIDs(params: Omit<JWTSVIDParams, 'hint'> & CallOptions): Promise<readonly JWTSVID[]> {
    throw new Error(`unfinished ${params}`)
  }

  fetchJWTSVID(params: JWTSVIDParams & CallOptions): Promise<JWTSVID> {
    throw new Error(`unfinished ${params}`)
  }

  fetchJWTBundles(options: CallOptions = {}): Promise<JWTBundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  validateJWTSVID(token: string, audience: string, options: CallOptions = {}): Promise<JWTSVID> {
    throw new Error(`unfinished ${token} ${audience} ${options}`)
  }

  watchX509Context(options: WatchOptions = {}): AsyncIterableIterator<X509Context> {
    throw new Error(`unfinished ${options}`)
  }

  watchX509Bundles(options: WatchOptions = {}): AsyncIterableIterator<X509BundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  watchJWTBundles(options: WatchOptions = {}): AsyncIterableIterator<JWTBundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  close(): Promise<void> {
    throw new Error('unfinished')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
