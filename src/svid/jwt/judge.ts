import { printable } from '../../internal/printable.ts'
import type { Claims } from './claims.ts'
import type { Expectations } from './expectations.ts'
import { dateOf } from './numeric-date.ts'
import { refused } from './refused.ts'

/** The option `requirePath`: the standard lets a token speak for its trust domain as a whole. */
export function checkPath({ id }: Claims, { requirePath }: Expectations): void {
  if (!requirePath || id.path !== '') return
  throw refused(
    id,
    'ERR_SPIFFE_JWT_SVID_SUBJECT_WITHOUT_PATH',
    `the token of ${id} names a trust domain and no workload`,
  )
}

/** JWT-SVID §3.2: the token is for who validates it. Values are opaque and compared whole. */
export function checkAudience({ id, audience }: Claims, { audiences, allAudiences }: Expectations): void {
  let named = 0
  for (const expected of audiences) if (audience.includes(expected)) named += 1
  if (allAudiences ? named === audiences.length : named > 0) return
  throw refused(
    id,
    'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH',
    `the token of ${id} is for ${listed(audience)}, and ${allAudiences ? 'all' : 'one'} of ${listed(audiences)} was expected`,
  )
}

/**
 * JWT-SVID §3.3 with RFC 7519 §4.1.4 and §4.1.5: now is before `exp` and not before `nbf`, each with the
 * leeway. At `exp` and the leeway, to the millisecond, it has expired; at `nbf` less the leeway it is valid.
 * `iat` limits nothing.
 */
export function checkLifetime(claims: Claims, { leewaySeconds, nowMs = Date.now() }: Expectations): void {
  const { id, expiresAtSeconds, notBeforeSeconds } = claims
  if (nowMs >= (expiresAtSeconds + leewaySeconds) * 1000) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_EXPIRED',
      `the token of ${id} expired at ${timeOf(expiresAtSeconds)}`,
    )
  }
  if (notBeforeSeconds !== undefined && nowMs < (notBeforeSeconds - leewaySeconds) * 1000) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID',
      `the token of ${id} is not valid before ${timeOf(notBeforeSeconds)}`,
    )
  }
}

const MOST_LISTED = 3

function listed(values: readonly string[]): string {
  const first = values.slice(0, MOST_LISTED).map(printable).join(', ')
  return values.length > MOST_LISTED ? `${first} and ${values.length - MOST_LISTED} more` : first
}

function timeOf(seconds: number): string {
  return dateOf(seconds).toISOString()
}
