import { SpiffeID } from '../spiffeid/spiffe-id.ts'
import type { JWTSVIDParams } from '../svid/source.ts'

/** What JWT-SVIDs are asked for with, checked. */
export interface JWTSVIDQuery {
  /** At least one; each once. */
  readonly audience: readonly [string, ...string[]]
  /** The identity, or the default one where absent. */
  readonly subject: SpiffeID | undefined
}

// Half of a pair of surrogates: it cannot be sent, and what would be sent instead is another audience.
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Checks what a caller asks for, also for callers without types.
 *
 * @throws `TypeError` when there is no audience, or one that is empty or no text (Workload API §6.2.1).
 * @throws `SpiffeIDError` when the subject is no SPIFFE ID.
 */
export function queryOf({ audience, subject }: Pick<JWTSVIDParams, 'audience' | 'subject'>): JWTSVIDQuery {
  const [first, ...others] = new Set<unknown>(Array.isArray(audience) ? audience : [audience])
  if (!isAudience(first) || !others.every(isAudience)) {
    throw new TypeError('audience is a string or an array with at least one string, none of them empty')
  }
  return { audience: [first, ...others], subject: subject === undefined ? undefined : SpiffeID.from(subject) }
}

function isAudience(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !LONE_SURROGATE.test(value)
}
