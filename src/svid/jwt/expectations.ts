import type { Audiences, ParseInsecureOptions } from './options.ts'

/** What a token is held to, read once from the arguments of a call and checked. */
export interface Expectations {
  readonly audiences: readonly string[]
  readonly allAudiences: boolean
  readonly requirePath: boolean
  readonly leewaySeconds: number
  /** The time to judge by, in milliseconds; the current time where absent. */
  readonly nowMs: number | undefined
}

const DEFAULT_LEEWAY_SECONDS = 30
const LONGEST_LEEWAY_SECONDS = 120

/**
 * Checks the arguments of a call, for callers without types too: a validator that was set up wrong throws
 * before it looks at a token.
 */
export function expectationsOf(audiences: Audiences, options: ParseInsecureOptions): Expectations {
  const { audienceMatch = 'any', requirePath = false, leewaySeconds = DEFAULT_LEEWAY_SECONDS, now } = options
  if (audienceMatch !== 'any' && audienceMatch !== 'all') {
    throw new TypeError("audienceMatch must be 'any' or 'all'")
  }
  if (typeof requirePath !== 'boolean') throw new TypeError('requirePath must be a boolean')
  return {
    audiences: audienceList(audiences),
    allAudiences: audienceMatch === 'all',
    requirePath,
    leewaySeconds: checkedLeeway(leewaySeconds),
    nowMs: now === undefined ? undefined : timeOf(now),
  }
}

/**
 * JWT-SVID appendix A: whoever validates knows beforehand whom a token must be for. It is a copy that is checked and
 * kept: the array of a caller can change, also while it is read.
 */
function audienceList(audiences: Audiences): readonly string[] {
  const list: readonly unknown[] = Array.isArray(audiences) ? [...audiences] : [audiences]
  if (areAudiences(list)) return list
  throw new TypeError('audiences must be a string or an array with at least one string, none of them empty')
}

function areAudiences(list: readonly unknown[]): list is readonly string[] {
  for (const audience of list) if (typeof audience !== 'string' || audience === '') return false
  return list.length > 0
}

function checkedLeeway(seconds: unknown): number {
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= LONGEST_LEEWAY_SECONDS) return seconds
  throw new TypeError(`leewaySeconds must be a number from 0 to ${LONGEST_LEEWAY_SECONDS}`)
}

function timeOf(now: unknown): number {
  const milliseconds = now instanceof Date ? now.getTime() : Number.NaN
  if (Number.isFinite(milliseconds)) return milliseconds
  throw new TypeError('now must be a valid Date')
}
