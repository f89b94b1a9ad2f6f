import { type Claims, parseClaims } from './claims.ts'
import { type CompactToken, decodePart, splitCompact } from './compact.ts'
import type { JWTSVIDHeader } from './header.ts'
import { readHeader } from './known-headers.ts'

/** A token that is well-formed: nobody has vouched yet for what it says. */
export interface UnverifiedToken {
  readonly token: string
  readonly parts: CompactToken
  readonly header: JWTSVIDHeader
  readonly claims: Claims
  readonly signature: Uint8Array
}

/** Reads a token, header first: a wrong algorithm ends it before anything else is looked at (JWT-SVID §4). */
export function parseToken(token: string): UnverifiedToken {
  if (typeof token !== 'string') throw new TypeError('the token must be a string')
  const parts = splitCompact(token)
  const header = readHeader(parts.header)
  const claims = parseClaims(decodePart('payload', parts.payload))
  const signature = decodePart('signature', parts.signature)
  return { token, parts, header, claims, signature }
}
