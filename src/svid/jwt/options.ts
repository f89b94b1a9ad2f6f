import type { Authorizer } from '../authorizer.ts'
import type { JWTSVID } from './jwt-svid.ts'
import type { TokenMemory } from './token-memory.ts'

/**
 * Whom the caller is: the audience that a token must be for, or several.
 *
 * A string is one audience. Values are compared whole and exactly, as strings, never as URLs. An array without any, as
 * out of a configuration that was not read, is a `TypeError`: nobody is accepted by it.
 */
export type Audiences = string | readonly string[]

/** Options of `parseInsecure`. */
export interface ParseInsecureOptions {
  /**
   * Whether the token must be for one of the audiences or for all of them.
   *
   * @default 'any'
   */
  readonly audienceMatch?: 'any' | 'all' | undefined
  /**
   * Whether `sub` must have a path, that is, name a workload and not a trust domain. The standard does not
   * ask for it.
   *
   * @default false
   */
  readonly requirePath?: boolean | undefined
  /**
   * How far the clocks may be apart, in seconds from 0 to 120, for `exp` and for `nbf`.
   *
   * @default 30
   */
  readonly leewaySeconds?: number | undefined
  /**
   * The time to judge by.
   *
   * @default the current time
   */
  readonly now?: Date | undefined
  /** What the operator calls this SVID: the hint that the Workload API gave with it. */
  readonly hint?: string | undefined
}

/** Options of `parseAndValidate`. */
export interface ParseAndValidateOptions extends Omit<ParseInsecureOptions, 'hint'> {
  /**
   * Whether the workload that the token speaks for may come in; asked last, when everything else holds.
   *
   * @default every workload of the trust domains that the bundles hold
   */
  readonly authorize?: Authorizer<JWTSVID> | undefined
  /**
   * Remembers whose signature was verified, for tokens that come more than once.
   *
   * @default each signature is verified each time
   */
  readonly memory?: TokenMemory | undefined
  /** Ends the wait for the bundle; the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}
