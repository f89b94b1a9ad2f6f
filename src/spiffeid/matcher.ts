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
  /** The trust domains of all that it can admit, where it knows; an empty list admits nobody. */
  readonly trustDomains?: readonly TrustDomain[]
}

/** Admits every ID that was authenticated. */
export function matchAny(): Matcher {
  return (id) => id instanceof SpiffeID || NO_ID
}

/** Admits one ID. */
export function matchID(id: SpiffeID | string): Matcher {
  const expected = SpiffeID.from(id)
  return knowing(
    [expected.trustDomain],
    (actual) => actual.equals(expected) || `${actual} is not ${expected}`,
  )
}

/** Admits each of the IDs; without any it admits nobody. */
export function matchOneOf(...ids: readonly (SpiffeID | string)[]): Matcher {
  const expected = ids.map((id) => SpiffeID.from(id))
  const uris = new Set(expected.map((id) => id.uri))
  return knowing(
    expected.map((id) => id.trustDomain),
    (actual) => uris.has(actual.uri) || `${actual} is none of the ${uris.size} IDs that are admitted`,
  )
}

/** Admits every ID of a trust domain. */
export function matchMemberOf(trustDomain: TrustDomain | string): Matcher {
  const expected = TrustDomain.from(trustDomain)
  return knowing(
    [expected],
    (actual) => actual.memberOf(expected) || `${actual} is not a member of ${expected}`,
  )
}

/**
 * Admits an ID and every ID below it, by whole segments: `spiffe://td/ns/prod` admits itself and
 * `spiffe://td/ns/prod/sa/orders`, never `spiffe://td/ns/production`.
 *
 * A prefix without a path admits nobody: say {@link matchMemberOf} for a whole trust domain.
 */
export function matchPrefix(prefix: SpiffeID | string): Matcher {
  const expected = SpiffeID.from(prefix)
  if (expected.path === '')
    return knowing([], () => `the prefix ${expected} has no path, and so matches nothing`)
  const below = `${expected}/`
  return knowing(
    [expected.trustDomain],
    (actual) =>
      actual.equals(expected) || actual.uri.startsWith(below) || `${actual} is not below ${expected}`,
  )
}

/**
 * Admits who is admitted by all; stops at the first that does not admit. Without any it admits nobody.
 *
 * What is no verdict is thrown on, so that {@link not} does not take it for a refusal.
 */
export function and<P = unknown>(...matchers: readonly Matcher<P>[]): Matcher<P> {
  assertMatchers(matchers)
  if (matchers.length === 0) return knowing([], () => 'none of no matchers admits')
  const known = matchers.flatMap(({ trustDomains }) => (trustDomains === undefined ? [] : [trustDomains]))
  const [first, ...others] = known
  return knowing(
    first?.filter((trustDomain) => others.every((list) => includes(list, trustDomain))),
    (id, peer) => {
      for (const matcher of matchers) {
        const verdict = verdictOf(matcher, id, peer)
        if (verdict !== true) return verdict
      }
      return true
    },
  )
}

/**
 * Admits who is admitted by any; stops at the first that admits and at the first that throws. Without any it
 * admits nobody.
 */
export function or<P = unknown>(...matchers: readonly Matcher<P>[]): Matcher<P> {
  assertMatchers(matchers)
  const known = matchers.map(({ trustDomains }) => trustDomains)
  return knowing(known.includes(undefined) ? undefined : known.flatMap((list) => list ?? []), (id, peer) => {
    const reasons: string[] = []
    let fault: TypeError | undefined
    for (const matcher of matchers) {
      const verdict = matcher(id, peer)
      if (verdict === true) return true
      if (isRefusal(verdict)) reasons.push(verdict === false ? REFUSED : verdict)
      else fault ??= noVerdict(verdict)
    }
    if (fault !== undefined) throw fault
    return reasons.length === 0 ? 'none of no matchers admits' : reasons.join('; ')
  })
}

/** Admits who is refused explicitly, by `false` or a reason, and refuses who is admitted. */
export function not<P = unknown>(matcher: Matcher<P>): Matcher<P> {
  assertMatchers([matcher])
  return (id, peer) => verdictOf(matcher, id, peer) !== true || `${id} is among those that are refused`
}

/**
 * Applies a matcher or an authorizer: the one place that says what its answer means.
 *
 * @returns `undefined` where the peer is admitted, else the reason: one line, never empty.
 */
export function refusal<P>(matcher: Matcher<P>, id: SpiffeID, peer: P): string | undefined {
  if (!(id instanceof SpiffeID)) return NO_ID
  try {
    const verdict = verdictOf(matcher, id, peer)
    return verdict === true ? undefined : oneLine(verdict === false ? REFUSED : verdict)
  } catch (error) {
    return oneLine(`the authorizer failed: ${messageOf(error)}`)
  }
}

const NO_ID = 'there is no SPIFFE ID to decide by'
const REFUSED = 'the authorizer said no'

/** An answer that is a verdict; one that is not is thrown. */
function verdictOf<P>(matcher: Matcher<P>, id: SpiffeID, peer: P): boolean | string {
  const verdict: unknown = matcher(id, peer)
  if (verdict === true || isRefusal(verdict)) return verdict
  throw noVerdict(verdict)
}

function isRefusal(verdict: unknown): verdict is false | string {
  return verdict === false || typeof verdict === 'string'
}

function noVerdict(verdict: unknown): TypeError {
  if (verdict instanceof Promise) {
    // Nobody else waits for it, and a rejection that nobody handles ends the process.
    verdict.catch(() => undefined)
    return new TypeError('it gave a promise, and only a synchronous true admits')
  }
  return new TypeError(`it gave ${verdict === null ? 'null' : typeof verdict}, and only true admits`)
}

/** A matcher together with the trust domains it can admit, each once. */
function knowing<P>(
  trustDomains: readonly TrustDomain[] | undefined,
  match: (id: SpiffeID, peer: P) => boolean | string,
): Matcher<P> {
  if (trustDomains === undefined) return match
  const once = new Map(trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]))
  return Object.assign(match, { trustDomains: Object.freeze([...once.values()]) })
}

function includes(trustDomains: readonly TrustDomain[], wanted: TrustDomain): boolean {
  return trustDomains.some((trustDomain) => trustDomain.equals(wanted))
}

function assertMatchers(matchers: readonly unknown[]): void {
  if (!matchers.every((matcher) => typeof matcher === 'function')) {
    throw new TypeError('each matcher must be a function')
  }
}

/** What was thrown, in words; whatever it is, nothing comes out of here but a string. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : `it threw ${typeof error}`
  } catch {
    return 'it threw'
  }
}

/** A reason fit for a log: no line breaks or other control characters, and never empty. */
function oneLine(reason: string): string {
  return reason.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd') || REFUSED
}
