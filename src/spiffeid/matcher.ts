import { SpiffeID } from './spiffe-id.ts'
import { TrustDomain } from './trust-domain.ts'

/**
 * Decides by SPIFFE ID, and where it wants by what else is known of the peer.
 *
 * It admits by `true` alone. A string refuses and is the reason, `false` refuses without one. Everything else
 * is no verdict and refuses too: `undefined` (a forgotten `return`), a promise, a throw.
 */
export interface Matcher<in P = unknown> {
  (id: SpiffeID, peer: P): boolean | string
  /**
   * The trust domains of all whom it can admit. Absent where it does not know; an empty list says that it
   * admits nobody.
   */
  readonly trustDomains?: readonly TrustDomain[]
}

/** Admits every ID that was authenticated. */
export function matchAny(): Matcher {
  return (id) => id instanceof SpiffeID
}

/**
 * Admits one ID.
 *
 * @param id - The ID; a string is parsed strictly.
 * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
 */
export function matchID(id: SpiffeID | string): Matcher {
  const expected = SpiffeID.from(id)
  return withTrustDomains(
    [expected.trustDomain],
    (actual) => actual.equals(expected) || `${actual} is not ${expected}`,
  )
}

/**
 * Admits each of the IDs, and without any of them nobody.
 *
 * @param ids - The IDs; strings are parsed strictly.
 * @throws `SpiffeIDError` when a string is not a SPIFFE ID.
 */
export function matchOneOf(...ids: readonly (SpiffeID | string)[]): Matcher {
  const expected = ids.map((id) => SpiffeID.from(id))
  const uris = new Set(expected.map((id) => id.uri))
  return withTrustDomains(
    expected.map((id) => id.trustDomain),
    (actual) => uris.has(actual.uri) || `${actual} is none of the ${uris.size} IDs that are admitted`,
  )
}

/**
 * Admits every ID of a trust domain.
 *
 * @param trustDomain - The trust domain; a string is parsed strictly.
 * @throws `SpiffeIDError` when the string names no trust domain.
 */
export function matchMemberOf(trustDomain: TrustDomain | string): Matcher {
  const expected = TrustDomain.from(trustDomain)
  return withTrustDomains(
    [expected],
    (actual) => actual.memberOf(expected) || `${actual} is not a member of ${expected}`,
  )
}

/**
 * Admits an ID and every ID below it, by whole segments.
 *
 * `spiffe://acme.internal/ns/prod` admits itself and `spiffe://acme.internal/ns/prod/sa/orders`, never
 * `spiffe://acme.internal/ns/production`. A prefix without a path admits nobody: {@link matchMemberOf} is for
 * whole trust domains.
 *
 * @param prefix - The ID to start from; a string is parsed strictly, so without a slash at its end.
 * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
 * @example
 * ```ts
 * import { matchPrefix, SpiffeID } from 'js-spiffe/spiffeid'
 *
 * const inProduction = matchPrefix('spiffe://acme.internal/ns/prod')
 * console.log(inProduction(SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/orders'), undefined)) // true
 * ```
 */
export function matchPrefix(prefix: SpiffeID | string): Matcher {
  const expected = SpiffeID.from(prefix)
  if (expected.path === '') {
    return withTrustDomains([], () => `the prefix ${expected} has no path, and so it admits nobody`)
  }
  const below = `${expected}/`
  return withTrustDomains(
    [expected.trustDomain],
    (actual) =>
      actual.equals(expected) || actual.uri.startsWith(below) || `${actual} is not ${expected} or below it`,
  )
}

/** A matcher together with the trust domains it can admit, each once; absent where it does not know. */
export function withTrustDomains<P>(
  trustDomains: readonly TrustDomain[] | undefined,
  match: (id: SpiffeID, peer: P) => boolean | string,
): Matcher<P> {
  if (trustDomains === undefined) return match
  const once = new Map(trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]))
  return Object.assign(match, { trustDomains: Object.freeze([...once.values()]) })
}
