import { expectationsOf } from './expectations.ts'
import { checkAudience, checkLifetime, checkPath } from './judge.ts'
import { type JWTSVID, makeJWTSVID } from './jwt-svid.ts'
import type { Audiences, ParseInsecureOptions } from './options.ts'
import { parseToken } from './parse-token.ts'

/**
 * Parses a JWT-SVID and checks everything but its signature.
 *
 * For tokens that this workload was given itself, over the Workload API. A token that somebody else sends is
 * worth nothing until `parseAndValidate` has accepted it.
 *
 * @param token - The token in its compact form.
 * @param audiences - Whom it must be for.
 * @param options - How to judge; leeway in seconds, 30 by default.
 * @returns The JWT-SVID.
 * @throws `SVIDError` as `parseAndValidate` does, without what concerns bundles, keys and signatures.
 * @throws `TypeError` when an argument is wrong, such as an empty list of audiences.
 * @example
 * ```ts
 * import { JWTSource, jwtsvid } from 'js-spiffe'
 *
 * const source = await JWTSource.create()
 * const token = (await source.fetchJWTSVID({ audience: 'orders' })).marshal()
 * const svid = jwtsvid.parseInsecure(token, 'orders')
 * console.log(svid.id.toString(), svid.expiresAt)
 * ```
 */
export function parseInsecure(
  token: string,
  audiences: Audiences,
  options: ParseInsecureOptions = {},
): JWTSVID {
  const { hint } = options
  const expectations = expectationsOf(audiences, options)
  if (hint !== undefined && typeof hint !== 'string') throw new TypeError('hint must be a string')
  const { header, claims } = parseToken(token)
  checkPath(claims, expectations)
  checkAudience(claims, expectations)
  checkLifetime(claims, expectations)
  return makeJWTSVID({ token, header, claims, hint })
}
