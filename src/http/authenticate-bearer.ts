import type { JWTBundleSource } from '../bundle/source.ts'
import type { SpiffeErrorCode } from '../errors.ts'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'
import type { Authorizer } from '../svid/authorizer.ts'
import { SVIDError } from '../svid/error.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { Audiences, ParseAndValidateOptions } from '../svid/jwt/options.ts'
import { parseAndValidate } from '../svid/jwt/parse-and-validate.ts'
import { challenge } from './challenge.ts'
import { BearerError } from './error.ts'
import { authorizationValues, type BearerHeaders } from './headers.ts'

/** Whom {@link authenticateBearer} lets in; beside it, how tokens are judged. */
export interface AuthenticateBearerOptions extends Omit<ParseAndValidateOptions, 'authorize'> {
  /** Who this service is: a token must be for it. The first value is also the realm of the challenge. */
  readonly audience: Audiences
  /** Whether the workload that a valid token speaks for may come in. */
  readonly authorize: Authorizer<JWTSVID>
}

/** Who called. */
export interface BearerIdentity {
  /** The SPIFFE ID of the caller. */
  readonly id: SpiffeID
  /** The token of the caller, validated. */
  readonly svid: JWTSVID
}

// The one space and the charset of RFC 6750 §2.1; the scheme is in any case (RFC 9110 §11.1).
const BEARER = /^bearer ([a-z0-9\-._~+/]+=*)$/i
const BEARER_SCHEME = /^bearer\b/i

// What says nothing about the token: our own source of trust failed.
const OUR_OWN_FAILURES: ReadonlySet<SpiffeErrorCode> = new Set<SpiffeErrorCode>([
  'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE',
  'ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN',
])

/**
 * Authenticates the caller of an HTTP request by the JWT-SVID in its `Authorization` header, and authorizes it.
 *
 * There must be exactly one such header, with the scheme `Bearer`, one space and a token, which
 * `jwtsvid.parseAndValidate` must accept for the audience. Works with every framework: it takes headers and
 * answers nothing itself. The challenge that a refusal carries tells the caller its code, and nothing more.
 *
 * When the trust bundles cannot be had, it is not the caller who failed: the error of their source comes through
 * as it is, and is no `BearerError`. Answer it with 503, so that the caller keeps its token and tries
 * again, and so that it is seen as a failure of this service.
 *
 * @param headers - Of the request: `rawHeaders`, `headers` or `headersDistinct` of Node, Fetch `Headers`, or an
 * object.
 * @param bundles - Where the JWT authorities of trust domains come from, such as a `JWTSource`.
 * @param options - Who we are and whom we let in.
 * @returns Who called.
 * @throws `BearerError` with status 401 and `ERR_SPIFFE_BEARER_MISSING`, `ERR_SPIFFE_BEARER_MALFORMED` or a
 * code of `jwtsvid.parseAndValidate`; with status 403 and `ERR_SPIFFE_JWT_SVID_UNAUTHORIZED` when the authorizer
 * refuses.
 * @throws Whatever the source of the bundles throws, and the reason of an aborted signal.
 * @throws `TypeError` when an argument is wrong, such as a missing authorizer or an empty audience.
 * @see JWT-SVID §5.2, HTTP, and RFC 6750
 * @example
 * ```ts
 * import http from 'node:http'
 * import { JWTSource } from 'js-spiffe'
 * import { authenticateBearer, BearerError } from 'js-spiffe/http'
 * import { matchMemberOf } from 'js-spiffe/spiffeid'
 *
 * const source = await JWTSource.create()
 * const options = { audience: 'orders', authorize: matchMemberOf('acme.internal') }
 * http.createServer(async (req, res) => {
 *   try {
 *     const { id } = await authenticateBearer(req.rawHeaders, source, options)
 *     res.end(`hello ${id}`)
 *   } catch (error) {
 *     if (error instanceof BearerError) {
 *       res.writeHead(error.status, { 'www-authenticate': error.wwwAuthenticate }).end()
 *     } else {
 *       res.writeHead(503).end()
 *     }
 *   }
 * })
 * ```
 */
export async function authenticateBearer(
  headers: BearerHeaders,
  bundles: JWTBundleSource,
  options: AuthenticateBearerOptions,
): Promise<BearerIdentity> {
  const { audience, authorize, ...judging } = options
  if (typeof authorize !== 'function') throw new TypeError('authorize must be a function')
  const realm = realmOf(audience)
  const token = bearerToken(headers, realm)
  try {
    const svid = await parseAndValidate(token, bundles, audience, { ...judging, authorize })
    return { id: svid.id, svid }
  } catch (error) {
    if (!(error instanceof SVIDError) || OUR_OWN_FAILURES.has(error.code)) throw error
    throw refusedToken(error, realm)
  }
}

/** RFC 6750 §3 wants a parameter in each challenge; the audience tells a caller what to ask its token for. */
function realmOf(audience: Audiences): string {
  const [realm] = [audience].flat()
  if (typeof realm === 'string') return realm
  throw new TypeError('audience must be a string or an array with at least one string')
}

/** The token of the one `Authorization` header (RFC 6750 §2.1): several, joined as RFC 9110 §5.3 does, are none. */
function bearerToken(headers: BearerHeaders, realm: string): string {
  const credentials = authorizationValues(headers).join(', ')
  const token = BEARER.exec(credentials)?.[1]
  if (token !== undefined) return token
  if (BEARER_SCHEME.test(credentials)) {
    throw new BearerError(
      'ERR_SPIFFE_BEARER_MALFORMED',
      'the request has no single, well-formed bearer token',
      {
        status: 401,
        wwwAuthenticate: challenge({ realm, error: 'invalid_token' }),
      },
    )
  }
  throw new BearerError('ERR_SPIFFE_BEARER_MISSING', 'the request has no bearer token', {
    status: 401,
    wwwAuthenticate: challenge({ realm }),
  })
}

/** The answer to a token that was refused: its code says why, to the caller too. */
function refusedToken(cause: SVIDError, realm: string): BearerError {
  const { code, rule, spiffeID } = cause
  const [status, error] =
    code === 'ERR_SPIFFE_JWT_SVID_UNAUTHORIZED'
      ? ([403, 'insufficient_scope'] as const)
      : ([401, 'invalid_token'] as const)
  return new BearerError(code, 'the bearer token was refused', {
    status,
    wwwAuthenticate: challenge({ realm, error, error_description: code }),
    rule,
    spiffeID,
    cause,
  })
}
