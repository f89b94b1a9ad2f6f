import { constants, type KeyObject, verify } from 'node:crypto'
import type { JWTKeyKind } from '../../bundle/jwt/jwt-authority.ts'

/** The nine signature algorithms of JWT-SVID §2.1. */
export type JWTSVIDAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'

/** A signature algorithm: the one kind of key that it is made for, and how it checks a signature. */
export interface Algorithm {
  readonly kind: JWTKeyKind
  readonly verify: (key: KeyObject, input: Uint8Array, signature: Uint8Array) => boolean
}

/** The nine, as RFC 7518 §3.3 to §3.5 define them. */
export const algorithms: Readonly<Record<JWTSVIDAlgorithm, Algorithm>> = {
  RS256: rsa('sha256', constants.RSA_PKCS1_PADDING),
  RS384: rsa('sha384', constants.RSA_PKCS1_PADDING),
  RS512: rsa('sha512', constants.RSA_PKCS1_PADDING),
  ES256: ecdsa('sha256', 'P-256'),
  ES384: ecdsa('sha384', 'P-384'),
  ES512: ecdsa('sha512', 'P-521'),
  PS256: rsa('sha256', constants.RSA_PKCS1_PSS_PADDING),
  PS384: rsa('sha384', constants.RSA_PKCS1_PSS_PADDING),
  PS512: rsa('sha512', constants.RSA_PKCS1_PSS_PADDING),
}

/** Whether a header names one of the nine, spelled exactly. */
export function isAlgorithm(name: unknown): name is JWTSVIDAlgorithm {
  return typeof name === 'string' && Object.hasOwn(algorithms, name)
}

/** RSASSA-PKCS1-v1_5 (RFC 7518 §3.3), and RSASSA-PSS with a salt as long as the digest (§3.5). */
function rsa(digest: string, padding: number): Algorithm {
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  return {
    kind: 'RSA',
    verify: (key, input, signature) => verify(digest, input, { key, padding, saltLength }, signature),
  }
}

/** ECDSA on the one curve of the algorithm, the signature as r and s side by side (RFC 7518 §3.4). */
function ecdsa(digest: string, kind: JWTKeyKind): Algorithm {
  return {
    kind,
    verify: (key, input, signature) => verify(digest, input, { key, dsaEncoding: 'ieee-p1363' }, signature),
  }
}
