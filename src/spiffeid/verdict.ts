import { types } from 'node:util'
import type { Matcher } from './matcher.ts'
import { SpiffeID } from './spiffe-id.ts'

const NO_REASON = 'the authorizer said no'

/**
 * Applies a matcher or an authorizer: the one place that says what its answer means.
 *
 * Only `true` admits. `false`, a string, and whatever is no verdict (`undefined`, a promise, a throw, an
 * absent ID) refuse. It never throws.
 *
 * @param matcher - What decides.
 * @param id - Whom it decides about.
 * @param peer - What else is known of the peer.
 * @returns `undefined` where the peer is admitted, else the reason: one line, never empty.
 * @example
 * ```ts
 * import { matchMemberOf, refusal, SpiffeID } from 'js-spiffe/spiffeid'
 *
 * const id = SpiffeID.parse('spiffe://partner.example/orders')
 * console.log(refusal(matchMemberOf('acme.internal'), id, undefined))
 * // spiffe://partner.example/orders is not a member of acme.internal
 * ```
 */
export function refusal<P>(matcher: Matcher<P>, id: SpiffeID, peer: P): string | undefined {
  if (!(id instanceof SpiffeID)) return 'there is no SPIFFE ID to decide by'
  try {
    const verdict = verdictOf(matcher, id, peer)
    return verdict === true ? undefined : oneLine(reasonOf(verdict))
  } catch (error) {
    return oneLine(`the authorizer failed: ${messageOf(error)}`)
  }
}

/** The verdict of a matcher; an answer that is none is thrown. */
export function verdictOf<P>(matcher: Matcher<P>, id: SpiffeID, peer: P): boolean | string {
  const answer: unknown = matcher(id, peer)
  if (isVerdict(answer)) return answer
  throw noVerdict(answer)
}

/** Whether an answer says yes or no, and does so explicitly. */
export function isVerdict(answer: unknown): answer is boolean | string {
  return typeof answer === 'boolean' || typeof answer === 'string'
}

/** The reason of a refusal, also where it was refused without one. */
export function reasonOf(verdict: boolean | string): string {
  return typeof verdict === 'string' && verdict !== '' ? verdict : NO_REASON
}

/** The error of an answer that is no verdict. */
export function noVerdict(answer: unknown): TypeError {
  if (!types.isPromise(answer)) return new TypeError(`it gave ${typeof answer}, and only true admits`)
  // Nobody else waits for the promise, and a rejection that nobody handles would end the process.
  answer.catch(() => undefined)
  return new TypeError('it gave a promise, and only a synchronous true admits')
}

/** What was thrown, in words. It may be anything, also an error whose message throws. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : `it threw ${typeof error}`
  } catch {
    return 'it threw'
  }
}

/** A reason fit for a log: without line breaks and other control characters. */
function oneLine(reason: string): string {
  return reason.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
