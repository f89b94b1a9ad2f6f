import type { JWTSource, SpiffeID, X509Source, X509SVID } from 'js-spiffe'

/** Who plays in the demo. Roles that nobody can play say why. */
export interface Cast {
  /** Serves. */
  readonly orders: Player
  /** The one client that orders admits. */
  readonly checkout: Player
  /** Another workload of the same trust domain. */
  readonly stranger: X509SVID | Missing
  /** A workload of a trust domain that ours knows nothing of. */
  readonly foreigner: X509SVID | Missing
  /** A certificate in the name of checkout, issued by the CA of a federated trust domain. */
  readonly impostor: X509SVID | Missing
  readonly rotate: Rotations
}

/** A workload with the sources of its identity. */
export interface Player {
  readonly id: SpiffeID
  readonly x509: X509Source
  readonly jwt: JWTSource
}

/**
 * What rotates while requests flow. Each is over when every player works with the new one, and throws
 * {@link NotShown} where nobody rotates.
 *
 * `drained` is kept when the requests that are under way have ended.
 */
export interface Rotations {
  /** Everybody gets a new X509-SVID. */
  svids(drained: () => Promise<void>): Promise<void>
  /** A new authority signs X509-SVIDs, and the old one is revoked. */
  authority(drained: () => Promise<void>): Promise<void>
}

/** Why nobody plays a role. */
export interface Missing {
  readonly missing: string
}

/** Where the players come from: a Workload API of our own, or an agent. */
export interface Troupe extends AsyncDisposable {
  /** Where the Workload API is, once it can be spoken to. */
  open(): Promise<string>
  /** Gets everybody their identities. */
  cast(): Promise<Cast>
}

export function isMissing(role: object): role is Missing {
  return 'missing' in role
}

/** Tells a renewed SVID from the one before; a source may hold one certificate in several objects. */
export function fingerprintOf({ certificates }: X509SVID): string | undefined {
  return certificates[0]?.fingerprint256
}
