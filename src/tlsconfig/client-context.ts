import { randomBytes } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import { TLSConfigError } from './error.ts'
import { Generation } from './generation.ts'
import type { PeerPolicy } from './peer-policy.ts'
import { unusableContext } from './unusable-context.ts'

// A thousand of them block the event loop for a quarter of a second when OpenSSL takes them in.
const MOST_AUTHORITIES = 500

/** What a client presents and whom OpenSSL trusts for it: those of the newest generation, whenever Node looks. */
export class ClientContext implements SecureContext {
  readonly #policy: PeerPolicy
  #newest: Generation | undefined

  constructor(policy: PeerPolicy) {
    this.#policy = policy
  }

  /**
   * What Node reads for each connection.
   *
   * It throws nothing: an agent connects for a request out of its queue where nobody could catch that.
   */
  get context(): SecureContext['context'] {
    try {
      return this.newest().context().context
    } catch {
      return unusableContext().context
    }
  }

  /** What connections are pooled under now; where there can be none, each under a key of its own. */
  get poolKey(): string {
    try {
      return this.newest().poolKey
    } catch {
      return randomBytes(16).toString('hex')
    }
  }

  /**
   * The generation of what the source holds now.
   *
   * @throws `TLSConfigError` `ERR_SPIFFE_TLS_SOURCE_FAILED` when the source cannot answer,
   * `ERR_SPIFFE_TLS_TOO_MANY_AUTHORITIES` when OpenSSL would have to trust too many.
   */
  newest(): Generation {
    const svid = this.#policy.svid()
    const bundles = this.#policy.admissibleBundles()
    if (this.#newest?.isOf(svid, bundles) !== true) {
      if (this.#policy.authorize.trustDomains === undefined) assertFew(bundles)
      this.#newest = new Generation(svid, bundles)
    }
    return this.#newest
  }
}

function assertFew(bundles: readonly X509Bundle[]): void {
  let count = 0
  for (const bundle of bundles) {
    count += bundle.rawX509Authorities.length
    if (count > MOST_AUTHORITIES) {
      throw new TLSConfigError(
        'ERR_SPIFFE_TLS_TOO_MANY_AUTHORITIES',
        `the ${bundles.length} bundles hold more than ${MOST_AUTHORITIES} authorities`,
      )
    }
  }
}
