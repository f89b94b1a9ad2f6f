import type { X509Certificate } from 'node:crypto'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'

/** A peer whose certificate chain was verified against the bundle of its own trust domain. */
export interface VerifiedPeer {
  /** Who the peer is. */
  readonly id: SpiffeID
  /** When its leaf certificate expires. */
  readonly expiresAt: Date
  /** The verified path in DER: the leaf, its intermediates, and the authority that it ended at. */
  readonly chain: readonly Uint8Array[]
  /** The leaf certificate, made when it is asked for. */
  certificate(): X509Certificate
}
