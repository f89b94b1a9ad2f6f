import { type Claims, parseClaims } from './claims.ts'
import { splitCompact } from './compact.ts'
import { type JWTSVIDHeader, parseHeader } from './header.ts'

/** A token that is well-formed: nobody has vouched yet for what it says. */
export interface UnverifiedToken {
  readonly token: string
  readonly header: JWTSVIDHeader
  readonly claims: Claims
  readonly signature: Uint8Array
  readonly signingInput: Uint8Array
}

/** Reads a token, header first: what its algorithm is decides whether the rest is looked at (JWT-SVID §4). */
export function parseToken(token: string): UnverifiedToken {
  if (typeof token !== 'string') throw new TypeError('the token must be a string')
  const { header, payload, signature, signingInput } = splitCompact(token)
  return { token, header: parseHeader(header), claims: parseClaims(payload), signature, signingInput }
}
