import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { SVIDError } from '../error.ts'
import { algorithms } from './algorithms.ts'
import type { UnverifiedToken } from './parse-token.ts'
import { selectKeys } from './select-keys.ts'

/** JWT-SVID §4 with RFC 7515 §5.2: an authority of the bundle signed this header and these claims. */
export function verifySignature(
  { header, claims: { id }, signature, signingInput }: UnverifiedToken,
  bundle: JWTBundle,
): void {
  const algorithm = algorithms[header.alg]
  const keys = selectKeys(header, bundle, id)
  if (keys.some((key) => algorithm.verify(key, signingInput, signature))) return
  throw new SVIDError(
    'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
    `the token that claims to be of ${id} carries no signature of its trust domain`,
    { spiffeID: id.uri },
  )
}
