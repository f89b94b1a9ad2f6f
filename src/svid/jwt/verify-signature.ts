import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { SVIDError } from '../error.ts'
import { algorithms } from './algorithms.ts'
import { rememberHeader } from './known-headers.ts'
import type { UnverifiedToken } from './parse-token.ts'
import { selectKeys } from './select-keys.ts'

/** JWT-SVID §4 with RFC 7515 §5.2: an authority of the bundle signed this header and these claims. */
export function verifySignature(
  { parts, header, claims: { id }, signature }: UnverifiedToken,
  bundle: JWTBundle,
): void {
  const keys = selectKeys(header, bundle, id)
  // Each part has been decoded, so it is ASCII.
  const input = Buffer.from(parts.signed, 'latin1')
  const { verify } = algorithms[header.alg]
  if (!keys.some((key) => verify(key, input, signature))) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      `the token that claims to be of ${id} has no valid signature of its trust domain`,
      { spiffeID: id.uri },
    )
  }
  rememberHeader(parts.header, header)
}
