import type { SpiffeError } from '../errors.ts'

/**
 * How a source is.
 *
 * `serving`: its getters answer. `redacted`: the agent withdrew what it had given. `expired`: what it holds
 * has expired and nothing newer came. `closed`: it was closed.
 */
export type SourceState = 'serving' | 'redacted' | 'expired' | 'closed'

/** How a source is, at the moment it is asked. */
export interface SourceHealth {
  /**
   * Whether the source serves, its stream is open, and nothing that came since the newest accepted message
   * had to be refused.
   */
  readonly healthy: boolean
  /** Whether and why its getters answer or throw. */
  readonly state: SourceState
  /** Whether the stream is open that updates come through. */
  readonly connected: boolean
  /** When the newest message was accepted, whether or not it changed anything. */
  readonly updatedAt: Date
  /** When what the source presents expires; `undefined` where that has no expiry. */
  readonly expiresAt: Date | undefined
  /** Whether most of that lifetime is over and the agent has not renewed it: it may be stuck. */
  readonly renewalOverdue: boolean
  /** The newest failure since the newest accepted message. */
  readonly lastError: SpiffeError | undefined
  /** How many failures there were since the newest accepted message. */
  readonly failures: number
  /** When the source will try again, while it waits to. */
  readonly retryAt: Date | undefined
}
