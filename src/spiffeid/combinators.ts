import { type Matcher, matcherOf } from './matcher.ts'
import type { TrustDomain } from './trust-domain.ts'
import { isVerdict, noVerdict, reasonOf, verdictOf } from './verdict.ts'

/**
 * Admits whom all admit.
 *
 * It stops at the first that does not admit, whose reason it gives, and lets a throw through, so that
 * {@link not} takes no failure for a refusal. Without any matcher it throws when it is asked: it admits nobody, and
 * neither does `not` of it.
 *
 * @param matchers - Asked in this order.
 * @throws `TypeError` when one is not a function.
 * @example
 * ```ts
 * import { and, matchID, matchMemberOf, not } from 'js-spiffe/spiffeid'
 *
 * const all = and(matchMemberOf('acme.internal'), not(matchID('spiffe://acme.internal/legacy')))
 * ```
 */
export function and<P = unknown>(...matchers: readonly Matcher<P>[]): Matcher<P> {
  assertMatchers(matchers)
  return matcherOf(inAll(matchers), (id, peer) => {
    assertAny(matchers)
    for (const matcher of matchers) {
      const verdict = verdictOf(matcher, id, peer)
      if (verdict !== true) return verdict
    }
    return true
  })
}

/**
 * Admits whom any admits.
 *
 * It stops at the first that admits, and lets a throw through: what comes behind is not asked. An answer that
 * is no verdict does not admit, and is no refusal either: where nobody admits it is thrown. Without any
 * matcher it throws when it is asked: it admits nobody, and neither does `not` of it.
 *
 * @param matchers - Asked in this order.
 * @throws `TypeError` when one is not a function.
 * @example
 * ```ts
 * import { matchID, matchPrefix, or } from 'js-spiffe/spiffeid'
 *
 * const some = or(matchID('spiffe://acme.internal/checkout'), matchPrefix('spiffe://acme.internal/batch'))
 * ```
 */
export function or<P = unknown>(...matchers: readonly Matcher<P>[]): Matcher<P> {
  assertMatchers(matchers)
  return matcherOf(inAny(matchers), (id, peer) => {
    assertAny(matchers)
    const reasons: string[] = []
    let fault: TypeError | undefined
    for (const matcher of matchers) {
      const answer: unknown = matcher(id, peer)
      if (answer === true) return true
      if (isVerdict(answer)) reasons.push(reasonOf(answer))
      // Of each answer, not of the first alone: a promise that is refused must not be left to reject unheard.
      else fault = noVerdict(answer)
    }
    if (fault !== undefined) throw fault
    return reasons.join('; ')
  })
}

/**
 * Admits whom a matcher refuses explicitly, by `false` or a reason.
 *
 * A throw and an answer that is no verdict stay what they are: they admit nobody here either.
 *
 * @throws `TypeError` when the matcher is not a function.
 */
export function not<P = unknown>(matcher: Matcher<P>): Matcher<P> {
  assertMatchers([matcher])
  return matcherOf(
    undefined,
    (id, peer) => verdictOf(matcher, id, peer) !== true || `${id} is among those that are excluded`,
  )
}

/** What all the matchers name that name any. */
function inAll<P>(matchers: readonly Matcher<P>[]): readonly TrustDomain[] | undefined {
  const [first, ...others] = trustDomainsOf(matchers)
  return first?.filter((trustDomain) =>
    others.every((list) => list.some((other) => other.equals(trustDomain))),
  )
}

/** What any of the matchers names, where each names some. */
function inAny<P>(matchers: readonly Matcher<P>[]): readonly TrustDomain[] | undefined {
  const lists = trustDomainsOf(matchers)
  return lists.length === matchers.length ? lists.flat() : undefined
}

function trustDomainsOf<P>(matchers: readonly Matcher<P>[]): (readonly TrustDomain[])[] {
  return matchers.flatMap(({ trustDomains }) => (trustDomains === undefined ? [] : [trustDomains]))
}

function assertMatchers(matchers: readonly unknown[]): void {
  if (!matchers.every((matcher) => typeof matcher === 'function')) {
    throw new TypeError('each matcher must be a function')
  }
}

/** None is no verdict: as a refusal, `not` would make of it a matcher that admits everybody. */
function assertAny(matchers: readonly unknown[]): void {
  if (matchers.length === 0) throw new TypeError('there is no matcher that could admit')
}
