import type { X509Certificate } from 'node:crypto'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'

/** A peer whose certificate chain was verified against the bundle of its own trust domain. Immutable. */
export interface VerifiedPeer {
  /** Who the peer is. */
  readonly id: SpiffeID
  /** When its leaf certificate expires. */
  readonly expiresAt: Date
  /** The verified path in DER: the leaf, its intermediates, and the authority that it ended at: fresh copies. */
  readonly chain: readonly Uint8Array[]
  /**
   * The leaf certificate, made when it is first asked for.
   *
   * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_MALFORMED` when OpenSSL cannot read it: it is stricter on what
   * decides nothing here, such as the text in a subject.
   */
  certificate(): X509Certificate
}
