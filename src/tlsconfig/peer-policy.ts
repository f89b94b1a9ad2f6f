import type { X509BundleSource } from '../bundle/source.ts'
import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import { SpiffeError } from '../errors.ts'
import { refusal } from '../spiffeid/verdict.ts'
import type { Authorizer } from '../svid/authorizer.ts'
import type { X509ContextSource } from '../svid/source.ts'
import type { VerifiedPeer } from '../svid/verified-peer.ts'
import { verify } from '../svid/x509/verify.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { TLSConfigError } from './error.ts'

/** What both ends of mutual TLS can be told beside who they are and whom they admit. */
export interface PeerPolicyOptions {
  /** The trust that peers are verified against; that of the source where absent. */
  readonly bundles?: X509BundleSource | undefined
}

/** Who we are, whom we trust and whom we admit: what both ends judge a connection by. */
export class PeerPolicy {
  readonly bundles: X509BundleSource
  readonly authorize: Authorizer
  readonly #source: X509ContextSource

  constructor(source: X509ContextSource, authorize: Authorizer, { bundles = source }: PeerPolicyOptions) {
    assertMethods(source, 'source', ['getX509SVID', 'getX509Bundle', 'getX509Bundles'])
    assertMethods(bundles, 'options.bundles', ['getX509Bundle', 'getX509Bundles'])
    if (typeof authorize !== 'function') {
      throw new TypeError('authorize must be a function; authorizeAny() admits everybody who is trusted')
    }
    this.#source = source
    this.bundles = bundles
    this.authorize = authorize
  }

  /** The identity to present now. */
  svid(): X509SVID {
    try {
      return this.#source.getX509SVID()
    } catch (cause) {
      throw sourceFailed('there is no X509-SVID to present', cause)
    }
  }

  /** The bundles of whom the authorizer could admit: all where it does not say. */
  admissibleBundles(): readonly X509Bundle[] {
    const { bundles, authorize } = this
    try {
      if (authorize.trustDomains === undefined) return [...bundles.getX509Bundles()]
      return authorize.trustDomains.flatMap((trustDomain) => bundles.getX509Bundle(trustDomain) ?? [])
    } catch (cause) {
      throw sourceFailed('the bundles cannot be read', cause)
    }
  }

  /**
   * Judges a peer: its chain reaches an authority of its own trust domain, and it is admitted.
   *
   * @param chain - What the peer presented, in DER, leaf first.
   * @param role - What the peer acts as.
   */
  judge(chain: readonly Uint8Array[], role: 'client' | 'server'): VerifiedPeer {
    const peer = verify(chain, this.bundles, { role })
    const reason = refusal(this.authorize, peer.id, peer)
    if (reason === undefined) return peer
    throw new TLSConfigError('ERR_SPIFFE_TLS_UNAUTHORIZED', `the ${role} ${peer.id} is refused: ${reason}`, {
      spiffeID: peer.id.toString(),
    })
  }
}

/** The refusal in what a verdict has thrown: what is none of ours came from a source that is not ours either. */
export function refusalOf(thrown: unknown): SpiffeError {
  return thrown instanceof SpiffeError ? thrown : sourceFailed('the peer cannot be verified', thrown)
}

function sourceFailed(detail: string, cause: unknown): TLSConfigError {
  return new TLSConfigError('ERR_SPIFFE_TLS_SOURCE_FAILED', detail, { cause })
}

function assertMethods(value: unknown, name: string, methods: readonly string[]): void {
  for (const method of methods) {
    if (typeof value !== 'object' || value === null || typeof Reflect.get(value, method) !== 'function') {
      throw new TypeError(`${name} must have a method ${method}`)
    }
  }
}
