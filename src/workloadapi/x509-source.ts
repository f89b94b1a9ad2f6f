import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { X509Context, X509ContextSource } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import type { SourceHealth } from './health.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'

/** Options of {@link X509Source.create}. */
export interface X509SourceOptions extends SourceOptions {
  /** Which of the workload's identities to present. @default the first (Workload API §8) */
  readonly picker?: ((svids: readonly X509SVID[]) => X509SVID) | undefined
}

/** An identity that renews itself, with the trust it came with. */
export class X509Source implements X509ContextSource, AsyncDisposable {
  private constructor() {}

  static create(options: X509SourceOptions = {}): Promise<X509Source> {
    throw new Error(`unfinished ${options}`)
  }

  snapshot(): X509Context {
    throw new Error('unfinished')
  }

  getX509SVID(): X509SVID {
    throw new Error('unfinished')
  }

  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    throw new Error(`unfinished ${trustDomain}`)
  }

  getX509Bundles(): Iterable<X509Bundle> {
    throw new Error('unfinished')
  }

  onChange(listener: () => void): () => void {
    throw new Error(`unfinished ${listener}`)
  }

  updates(options: UpdateOptions = {}): AsyncIterableIterator<X509Context> {
    throw new Error(`unfinished ${options}`)
  }

  waitForUpdate(options: UpdateOptions = {}): Promise<X509Context> {
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
