import type { JWTBundle } from '../bundle/jwt/jwt-bundle.ts'
import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { JWTBundleSource } from '../bundle/source.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { JWTSVIDParams, JWTSVIDSource } from '../svid/source.ts'
import type { SourceHealth } from './health.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'

/** Options of {@link JWTSource.create}. */
export interface JWTSourceOptions extends SourceOptions {
  /** How many tokens to keep at most. @default 1000 */
  readonly maxCachedTokens?: number | undefined
}

/** JWT-SVIDs to call others with, and the bundles that theirs are validated with. */
export class JWTSource implements JWTSVIDSource, JWTBundleSource, AsyncDisposable {
  private constructor() {}

  static create(options: JWTSourceOptions = {}): Promise<JWTSource> {
    throw new Error(`unfinished ${options}`)
  }

  fetchJWTSVID(params: JWTSVIDParams): Promise<JWTSVID> {
    throw new Error(`unfinished ${params}`)
  }

  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    throw new Error(`unfinished ${trustDomain}`)
  }

  onChange(listener: () => void): () => void {
    throw new Error(`unfinished ${listener}`)
  }

  updates(options: UpdateOptions = {}): AsyncIterableIterator<JWTBundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  waitForUpdate(options: UpdateOptions = {}): Promise<JWTBundleSet> {
    throw new Error(`unfinished ${options}`)
  }

  health(): SourceHealth {
    throw new Error('unfinished')
  }

  close(): Promise<void> {
    throw new Error('unfinished')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
