import { errorCodes, type SpiffeErrorCode } from './error-codes.ts'

export type { SpiffeErrorCode } from './error-codes.ts'

/** What a {@link SpiffeError} can carry beside its code and its sentence. */
export interface SpiffeErrorOptions {
  /** The SPIFFE ID the refusal is about, where one is known. */
  readonly spiffeID?: string | undefined
  /** The clause that was broken, where it is another than the one listed for the code. */
  readonly rule?: string | undefined
  /** The error that led here. */
  readonly cause?: unknown
}

/**
 * The error of every refusal and failure in this library.
 *
 * Match on `code`: codes are a closed, documented union; messages may change. The message says what
 * happened, names the rule that was broken and what to do next. It never holds a token, a key or the body
 * of a certificate. A wrong argument (a bug in the calling code) is a `TypeError` instead, and an aborted
 * call throws the `reason` of its signal.
 *
 * @see docs/errors.md for every code with its rule and its remedy
 * @example
 * Tell one refusal from another
 * ```ts
 * import { SpiffeError, SpiffeID } from 'js-spiffe'
 *
 * try {
 *   SpiffeID.parse('spiffe://acme.internal/')
 * } catch (error) {
 *   if (error instanceof SpiffeError && error.code === 'ERR_SPIFFE_ID_TRAILING_SLASH') {
 *     console.log(error.rule) // SPIFFE-ID §2.2
 *   }
 * }
 * ```
 */
export class SpiffeError extends Error {
  /** The name of the class. */
  override readonly name: string = 'SpiffeError'

  /** What went wrong, for programs. */
  readonly code: SpiffeErrorCode

  /** The clause that was broken, such as `X509-SVID §5.2`. */
  readonly rule: string

  /** What to do next. */
  readonly remedy: string

  /** The SPIFFE ID the refusal is about, where one is known. */
  readonly spiffeID: string | undefined

  constructor(code: SpiffeErrorCode, detail: string, options: SpiffeErrorOptions = {}) {
    const { rule: listedRule, remedy } = errorCodes[code]
    const rule = options.rule ?? listedRule
    super(`${detail} (${rule}); ${remedy}`, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.rule = rule
    this.remedy = remedy
    this.spiffeID = options.spiffeID
  }
}
