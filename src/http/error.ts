import { SpiffeError, type SpiffeErrorCode, type SpiffeErrorOptions } from '../errors.ts'

/** What an HTTP server answers a refused caller with. */
export interface BearerAnswer {
  /** The status: 401 where the caller is not authenticated, 403 where it is and may not come in. */
  readonly status: 401 | 403
  /** The value of the header `WWW-Authenticate`. */
  readonly wwwAuthenticate: string
}

/**
 * The refusal of a caller by {@link authenticateBearer}, with all that is needed to answer it.
 *
 * Its `code` is that of the rule that was broken, `cause` the whole refusal. Nothing in it holds the token.
 */
export class BearerError extends SpiffeError implements BearerAnswer {
  /** The name of the class. */
  override readonly name = 'BearerError'

  /** The status to answer with: 401 where the caller is not authenticated, 403 where it may not come in. */
  readonly status: 401 | 403

  /** The value of `WWW-Authenticate` to answer with (RFC 6750 §3). */
  readonly wwwAuthenticate: string

  constructor(
    code: SpiffeErrorCode,
    detail: string,
    { status, wwwAuthenticate, ...options }: SpiffeErrorOptions & BearerAnswer,
  ) {
    super(code, detail, options)
    this.status = status
    this.wwwAuthenticate = wwwAuthenticate
  }
}
