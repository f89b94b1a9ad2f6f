import type { X509BundleSource } from '../bundle/source.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'
import type { JWTSVID } from './jwt/jwt-svid.ts'
import type { X509SVID } from './x509/x509-svid.ts'

/** Where our own X509-SVID comes from. Reads are synchronous: they happen inside TLS handshakes. */
export interface X509SVIDSource {
  /**
   * The identity to present now.
   *
   * @throws `SpiffeError` when there is none: the source is closed, holds nothing, or what it holds has
   * expired.
   */
  getX509SVID(): X509SVID

  /**
   * Calls the listener after each change of what the source would answer.
   *
   * @returns A function that ends the subscription.
   */
  onChange(listener: () => void): () => void
}

/** Everything that one message of the Workload API said: identities and the trust they came with. */
export interface X509Context {
  /** The identity that is used by default. */
  readonly svid: X509SVID
  /** All identities of the workload, in the order of the message. */
  readonly svids: readonly X509SVID[]
  /** The trust of the same message: our own trust domain and the federated ones. */
  readonly bundles: X509BundleSet
}

/** Identity and trust from one place, read together so that old is never paired with new. */
export interface X509ContextSource extends X509SVIDSource, X509BundleSource {
  /**
   * Identity and trust of one message: the same object for as long as nothing changed.
   *
   * @throws `SpiffeError` when the source is closed or holds nothing.
   */
  snapshot(): X509Context
}

/** What a JWT-SVID is asked for with. */
export interface JWTSVIDParams {
  /** Whom the token is for; none is a `TypeError`. One value is strongly preferred (JWT-SVID §3.2). */
  readonly audience: string | readonly string[]
  /** Which of the workload's identities to ask for; its default identity where absent. */
  readonly subject?: SpiffeID | string | undefined
  /** Which of the returned SVIDs to take, by the hint of the operator; the first where absent. */
  readonly hint?: string | undefined
  /** Ends the call; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Where JWT-SVIDs to call others with come from. */
export interface JWTSVIDSource {
  /** A token for the audience, fresh enough to be used now. */
  fetchJWTSVID(params: JWTSVIDParams): Promise<JWTSVID>
}
