import type { KeyObject } from 'node:crypto'
import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { algorithms } from './algorithms.ts'
import { rememberHeader } from './known-headers.ts'
import type { UnverifiedToken } from './parse-token.ts'
import { refused } from './refused.ts'
import { selectKeys } from './select-keys.ts'
import { isKnownToBeSigned, rememberSigned, type TokenMemory } from './token-memory.ts'

/** JWT-SVID §4 with RFC 7515 §5.2: an authority of the bundle signed this header and these claims. */
export function verifySignature(
  unverified: UnverifiedToken,
  bundle: JWTBundle,
  memory: TokenMemory | undefined,
): void {
  const { token, parts, header, claims } = unverified
  const keys = selectKeys(header, bundle, claims.id)
  if (memory !== undefined && isKnownToBeSigned(memory, token, keys)) return

  const key = signerAmong(keys, unverified)
  if (key === undefined) {
    throw refused(
      claims.id,
      'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      `the token that claims to be of ${claims.id} has no valid signature of its trust domain`,
    )
  }
  rememberHeader(parts.header, header)
  if (memory !== undefined) rememberSigned(memory, token, key)
}

function signerAmong(
  keys: readonly KeyObject[],
  { parts, header, signature }: UnverifiedToken,
): KeyObject | undefined {
  const { verify } = algorithms[header.alg]
  // Each part has been decoded, so it is ASCII.
  const input = Buffer.from(parts.signed, 'latin1')
  for (const key of keys) if (verify(key, input, signature)) return key
  return undefined
}
