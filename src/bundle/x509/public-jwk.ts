import { encodeBase64url } from '../../internal/base64url.ts'
import { readDER, TAG } from '../../internal/der.ts'
import { Components, readOctetsOfBitString, readUnsigned } from '../../internal/der-values.ts'
import { KEY } from '../../internal/x509/oid.ts'
import { readPublicKeyInfo } from '../../internal/x509/public-key-info.ts'

/** The members by which a JWK says a public key (RFC 7518 §6.2.1 and §6.3.1, RFC 8037 §2). */
export type PublicJWK = Readonly<Record<string, string>>

const CURVES: ReadonlyMap<string, string> = new Map([
  [KEY.p256, 'P-256'],
  [KEY.p384, 'P-384'],
  [KEY.p521, 'P-521'],
])

const UNCOMPRESSED = 0x04
const ED25519_BYTES = 32

/**
 * The public key in a SubjectPublicKeyInfo as a JWK says it, or `undefined` where a JWK has no way to.
 *
 * It is read out of the DER: OpenSSL would take a third of a millisecond to import a key that is compared here
 * and may never verify anything.
 *
 * @throws `SpiffeError` `ERR_SPIFFE_DER_MALFORMED` when it is no key.
 */
export function publicJWK(spki: Uint8Array): PublicJWK | undefined {
  const info = readPublicKeyInfo(spki)
  switch (info.type) {
    case 'rsa':
      return rsaJWK(spki)
    case 'ec':
      return pointJWK(CURVES.get(info.curve), info.point)
    case 'ed25519':
      return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(spki.subarray(-ED25519_BYTES)) }
    case 'other':
      return undefined
  }
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1) */
function rsaJWK(spki: Uint8Array): PublicJWK {
  const info = new Components(readDER(spki), 'a public key')
  info.take(TAG.sequence)
  const key = new Components(readDER(readOctetsOfBitString(info.take(TAG.bitString))), 'an RSA public key')
  const n = encodeBase64url(readUnsigned(key.take(TAG.integer)))
  const e = encodeBase64url(readUnsigned(key.take(TAG.integer)))
  return { kty: 'RSA', n, e }
}

/** SEC 1 §2.3.3: an uncompressed point is both coordinates in full. */
function pointJWK(crv: string | undefined, point: Uint8Array): PublicJWK | undefined {
  if (crv === undefined || point[0] !== UNCOMPRESSED) return undefined
  const middle = 1 + (point.length - 1) / 2
  return {
    kty: 'EC',
    crv,
    x: encodeBase64url(point.subarray(1, middle)),
    y: encodeBase64url(point.subarray(middle)),
  }
}
