import { matchAny, matchID, matchMemberOf, matchOneOf, matchPrefix } from '../spiffeid/matcher.ts'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { Authorizer } from '../svid/authorizer.ts'

/**
 * Admits every peer whose chain verifies, of every trust domain whose bundle the source holds.
 *
 * Anybody who federates with us can then connect: say it where that is meant.
 *
 * @example
 * ```ts
 * import { authorizeAny } from 'js-spiffe/tlsconfig'
 *
 * const authorize = authorizeAny()
 * ```
 */
export function authorizeAny(): Authorizer<unknown> {
  return matchAny()
}

/**
 * Admits one peer.
 *
 * @param id - Its SPIFFE ID.
 * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
 * @example
 * ```ts
 * import { authorizeID } from 'js-spiffe/tlsconfig'
 *
 * const authorize = authorizeID('spiffe://acme.internal/checkout')
 * ```
 */
export function authorizeID(id: SpiffeID | string): Authorizer<unknown> {
  return matchID(id)
}

/**
 * Admits each of the peers; without any it admits nobody.
 *
 * @param ids - Their SPIFFE IDs.
 * @throws `SpiffeIDError` when a string is not a SPIFFE ID.
 * @example
 * ```ts
 * import { authorizeOneOf } from 'js-spiffe/tlsconfig'
 *
 * const authorize = authorizeOneOf('spiffe://acme.internal/checkout', 'spiffe://acme.internal/billing')
 * ```
 */
export function authorizeOneOf(...ids: readonly (SpiffeID | string)[]): Authorizer<unknown> {
  return matchOneOf(...ids)
}

/**
 * Admits every peer of a trust domain.
 *
 * @param trustDomain - The trust domain, or any ID of it.
 * @throws `SpiffeIDError` when the string is not a trust domain.
 * @example
 * ```ts
 * import { authorizeMemberOf } from 'js-spiffe/tlsconfig'
 *
 * const authorize = authorizeMemberOf('acme.internal')
 * ```
 */
export function authorizeMemberOf(trustDomain: TrustDomain | string): Authorizer<unknown> {
  return matchMemberOf(trustDomain)
}

/**
 * Admits the peer of an ID and every peer below it, by whole path segments.
 *
 * A prefix without a path admits nobody: say {@link authorizeMemberOf} for a whole trust domain.
 *
 * @param prefix - The SPIFFE ID at the top.
 * @throws `SpiffeIDError` when the string is not a SPIFFE ID.
 * @example
 * ```ts
 * import { authorizePrefix } from 'js-spiffe/tlsconfig'
 *
 * const authorize = authorizePrefix('spiffe://acme.internal/ns/prod')
 * ```
 */
export function authorizePrefix(prefix: SpiffeID | string): Authorizer<unknown> {
  return matchPrefix(prefix)
}
