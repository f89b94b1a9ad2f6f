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
  return matcherOf(undefined, () => true)
}

/**
 * Admits one ID.
 *
 * @param id - The ID; a string is parsed strictly.
 * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
 */
export function matchID(id: SpiffeID | string): Matcher {
  const expected = SpiffeID.from(id)
  return matcherOf(
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
  return matcherOf(
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
  return matcherOf(
    [expected],
    (actual) => actual.memberOf(expected) || `${actual} is not a member of ${expected}`,
  )
}

/**
 * Admits an ID and every ID below it, by whole segments.
 *
 * `spiffe://acme.internal/ns/prod` admits itself and `spiffe://acme.internal/ns/prod/sa/orders`, never
 * `spiffe://acme.internal/ns/production`. A prefix without a path admits nobody, nor does `not` of it: it throws when
 * it is asked, and {@link matchMemberOf} is for whole trust domains.
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
    // Not a refusal, of which `not` would make a matcher that admits everybody.
    return matcherOf([], () => {
      throw new TypeError(`the prefix ${expected} has no path: matchMemberOf is for whole trust domains`)
    })
  }
  const below = `${expected}/`
  return matcherOf(
    [expected.trustDomain],
    (actual) =>
      actual.equals(expected) || actual.uri.startsWith(below) || `${actual} is not ${expected} or below it`,
  )
}

/**
 * An immutable matcher of SPIFFE IDs, with the trust domains it can admit, each once; absent where it does not know.
 *
 * What is no SPIFFE ID, such as the text of one, is a mistake of who asks and throws.
 */
export function matcherOf<P>(
  trustDomains: readonly TrustDomain[] | undefined,
  match: (id: SpiffeID, peer: P) => boolean | string,
): Matcher<P> {
  const matcher = (id: SpiffeID, peer: P): boolean | string => {
    if (!(id instanceof SpiffeID)) throw new TypeError('a matcher needs a SpiffeID to decide by')
    return match(id, peer)
  }
  if (trustDomains === undefined) return Object.freeze(matcher)
  const once = new Map(trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]))
  return Object.freeze(Object.assign(matcher, { trustDomains: Object.freeze([...once.values()]) }))
}
