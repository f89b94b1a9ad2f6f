import type { SpiffeError } from '../errors.ts'

/**
 * Whether a source answers, and why not.
 *
 * `serving`: its getters answer. `redacted`: the agent withdrew what it had given. `expired`: what is held has
 * expired and nothing newer came. `closed`: the source was closed.
 */
export type SourceState = 'serving' | 'redacted' | 'expired' | 'closed'

/** How a source is, at the moment it is asked. */
export interface SourceHealth {
  /**
   * Whether all is well: the source serves, nothing has failed since the newest accepted message, and no
   * renewal is overdue.
   */
  readonly healthy: boolean
  /** Whether its getters answer. */
  readonly state: SourceState
  /** Whether the stream is open that updates come through. */
  readonly connected: boolean
  /** When the newest message was accepted, whether or not it changed anything. */
  readonly updatedAt: Date | undefined
  /** When what is held expires; `undefined` where that is never, or nothing is held. */
  readonly expiresAt: Date | undefined
  /** Whether five sixths of that lifetime are over without a renewal: the agent may be stuck. */
  readonly renewalOverdue: boolean
  /** The newest failure since the newest accepted message. */
  readonly lastError: SpiffeError | undefined
  /** How many failures there were since the newest accepted message. */
  readonly failures: number
  /** When the stream will be opened again, while it is not open. */
  readonly retryAt: Date | undefined
  /** The bundles that the newest accepted message had and that cannot be used: they are not trusted. */
  readonly skipped: readonly SpiffeError[]
}

/** When something begins and ceases to be valid. */
export interface Lifetime {
  readonly notBefore: Date
  readonly expiresAt: Date
}

/** Whether most of a lifetime is over. Agents renew at half of it. */
export function isRenewalOverdue({ notBefore, expiresAt }: Lifetime, now: Date): boolean {
  const lifetimeMs = expiresAt.getTime() - notBefore.getTime()
  return expiresAt.getTime() - now.getTime() < lifetimeMs / 6
}
