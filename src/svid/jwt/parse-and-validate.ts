import type { JWTBundleSource } from '../../bundle/source.ts'
import { refusal } from '../../spiffeid/verdict.ts'
import type { Authorizer } from '../authorizer.ts'
import { bundleFor } from './bundle-for.ts'
import { expectationsOf } from './expectations.ts'
import { checkAudience, checkLifetime, checkPath } from './judge.ts'
import { type JWTSVID, makeJWTSVID } from './jwt-svid.ts'
import type { Audiences, ParseAndValidateOptions } from './options.ts'
import { parseToken } from './parse-token.ts'
import { refused } from './refused.ts'
import { TokenMemory } from './token-memory.ts'
import { verifySignature } from './verify-signature.ts'

/**
 * Parses a JWT-SVID that somebody sent and checks that it is theirs, for us, and valid now.
 *
 * In this order, and the first that does not hold refuses: the token is a JWS in compact form, bounded in
 * size, signed with one of nine algorithms; `sub` is a SPIFFE ID, `aud` names one of the audiences, `exp` and
 * `nbf` hold; the bundle of the trust domain of `sub` has the key, and the key made the signature; the
 * authorizer admits. Each call checks everything, unless it is given a memory of signatures.
 *
 * @param token - The token in its compact form, as after `Bearer` in a header.
 * @param bundles - Where the JWT authorities of trust domains come from, such as a `JWTSource`.
 * @param audiences - Who we are: the token must be for one of these.
 * @param options - How to judge, whom to admit; leeway in seconds, 30 by default.
 * @returns The JWT-SVID.
 * @throws `SVIDError` with one code for each of: malformed, too large, algorithm, type, critical header,
 * subject, audience, expiry, bundle, key, signature, authorization. Its `spiffeID` is what the token claims.
 * @throws Whatever `SpiffeError` the source of the bundles throws, and the reason of an aborted signal.
 * @throws `TypeError` when an argument is wrong, such as an empty list of audiences.
 * @see JWT-SVID §4, JWT-SVID Signing and Validation
 * @example
 * ```ts
 * import { JWTSource, jwtsvid, tlsconfig } from 'js-spiffe'
 *
 * const source = await JWTSource.create()
 * const token = (await source.fetchJWTSVID({ audience: 'orders' })).marshal() // for the example: our own
 * const caller = await jwtsvid.parseAndValidate(token, source, 'orders', {
 *   authorize: tlsconfig.authorizeMemberOf('acme.internal'),
 * })
 * console.log(caller.id.toString())
 * ```
 */
export async function parseAndValidate(
  token: string,
  bundles: JWTBundleSource,
  audiences: Audiences,
  options: ParseAndValidateOptions = {},
): Promise<JWTSVID> {
  const { authorize, memory, signal } = options
  const expectations = expectationsOf(audiences, options)
  assertArguments(bundles, authorize, memory)
  signal?.throwIfAborted()

  const unverified = parseToken(token)
  const { header, claims } = unverified
  checkPath(claims, expectations)
  checkAudience(claims, expectations)
  const answer = bundleFor(claims.id, bundles, signal)
  const bundle = answer instanceof Promise ? await answer : answer
  // Behind the wait: a source that takes its time must not stretch the life of a token.
  checkLifetime(claims, expectations)
  verifySignature(unverified, bundle, memory)

  const svid = makeJWTSVID({ token, header, claims, hint: undefined })
  checkAuthorized(svid, authorize)
  return svid
}

/** What types say already, for callers without them. */
function assertArguments(bundles: JWTBundleSource, authorize: unknown, memory: unknown): void {
  if (typeof bundles?.getJWTBundle !== 'function') throw new TypeError('bundles must be a JWTBundleSource')
  if (authorize !== undefined && typeof authorize !== 'function') {
    throw new TypeError('authorize must be a function')
  }
  if (memory !== undefined && !(memory instanceof TokenMemory)) {
    throw new TypeError('memory must be a TokenMemory')
  }
}

/** The option `authorize`: an authenticated workload is not yet an admitted one. */
function checkAuthorized(svid: JWTSVID, authorize: Authorizer<JWTSVID> | undefined): void {
  const reason = authorize === undefined ? undefined : refusal(authorize, svid.id, svid)
  if (reason !== undefined) {
    throw refused(svid.id, 'ERR_SPIFFE_JWT_SVID_UNAUTHORIZED', `${svid.id} was refused: ${reason}`)
  }
}
