import type { JWTBundleSet } from '../../bundle/jwt/jwt-bundle-set.ts'
import { SpiffeError } from '../../errors.ts'
import type { Claims } from '../../svid/jwt/claims.ts'
import { parseToken, type UnverifiedToken } from '../../svid/jwt/parse-token.ts'
import { verifySignature } from '../../svid/jwt/verify-signature.ts'
import { invalid } from './refusal.ts'

// go-jose, by which SPIRE judges times, forgives clocks as much.
const LEEWAY_SECONDS = 60

/**
 * Judges a token as SPIRE does in ValidateJWTSVID: its order, its words, its leeway. It wants a `kid` and takes no
 * token from the future, where the standard lets both pass.
 *
 * @throws `Refusal` with the status and the words of SPIRE; what cannot be read is refused in words of our own.
 */
export function judgeToken(token: string, audience: string, bundles: JWTBundleSet, now: Date): Claims {
  const unverified = readToken(token)
  checkSignature(unverified, bundles)
  checkAudience(unverified.claims, audience)
  checkTimes(unverified.claims, now.getTime() / 1000)
  return unverified.claims
}

function readToken(token: string): UnverifiedToken {
  try {
    return parseToken(token)
  } catch (error) {
    throw error instanceof SpiffeError ? invalid(`unable to parse JWT token: ${error.message}`) : error
  }
}

function checkSignature(unverified: UnverifiedToken, bundles: JWTBundleSet): void {
  const { kid } = unverified.header
  if (kid === undefined || kid === '') throw invalid('token header missing key id')
  const { trustDomain } = unverified.claims.id
  const bundle = bundles.get(trustDomain)
  if (bundle === undefined) throw invalid(`no keys found for trust domain "${trustDomain}"`)
  if (bundle.findJWTAuthority(kid) === undefined) {
    throw invalid(`public key ${JSON.stringify(kid)} not found in trust domain "${trustDomain}"`)
  }
  try {
    verifySignature(unverified, bundle, undefined)
  } catch (error) {
    throw error instanceof SpiffeError ? invalid('go-jose/go-jose: error in cryptographic primitive') : error
  }
}

function checkAudience({ audience }: Claims, expected: string): void {
  if (audience.includes(expected)) return
  throw invalid(`expected audience in ${listed([expected])} (audience=${listed(audience)})`)
}

function checkTimes(claims: Claims, nowSeconds: number): void {
  const { expiresAtSeconds, notBeforeSeconds = -Infinity, issuedAtSeconds = -Infinity } = claims
  const latestSeconds = nowSeconds + LEEWAY_SECONDS
  if (notBeforeSeconds > latestSeconds) {
    throw invalid('go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)')
  }
  if (expiresAtSeconds < nowSeconds - LEEWAY_SECONDS) throw invalid('token has expired')
  if (issuedAtSeconds > latestSeconds) {
    throw invalid('go-jose/go-jose/jwt: validation field, token issued in the future (iat)')
  }
}

/** A list of texts as Go writes it. */
function listed(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`
}
