import type { JsonWebKey } from 'node:crypto'
import { decodeBase64 } from '../../internal/base64url.ts'
import { Certificate } from '../../internal/x509/certificate.ts'
import { BundleError } from '../error.ts'
import { type JWK, publicKeyType, unsupportedKeyType } from '../jwk.ts'

/** The members that hold a public key of each type (RFC 7518 §6.2.1 and §6.3.1, RFC 8037 §2). */
const KEY_MEMBERS: ReadonlyMap<string, readonly (keyof JsonWebKey)[]> = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
])

/**
 * Reads a JWK of `use` `x509-svid` as an authority: the first certificate in `x5c`, whatever else is in there
 * (X509-SVID §6.2). A `kid`, which the publisher should not have set, changes nothing.
 */
export function readX509Authority(jwk: JWK): Certificate {
  const { at } = jwk
  const type = publicKeyType(jwk)
  const keyMembers = KEY_MEMBERS.get(type)
  if (keyMembers === undefined) throw unsupportedKeyType(at, type)
  const certificate = readCertificate(at, jwk.members['x5c'])
  const key = publicJWK(certificate)
  const isSame = (name: keyof JsonWebKey): boolean =>
    !Object.hasOwn(jwk.members, name) || jwk.members[name] === key[name]
  if (key.kty !== type || !keyMembers.every(isSame)) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_X5C_MISMATCH',
      `key ${at} of the set is not the key of its certificate`,
    )
  }
  return certificate
}

/** Writes an authority as the JWK of a bundle: with one certificate and without a `kid` (X509-SVID §6.1). */
export function writeX509Authority(certificate: Certificate): Readonly<Record<string, unknown>> {
  const { kty, ...members } = publicJWK(certificate)
  return { kty, use: 'x509-svid', ...members, x5c: [Buffer.from(certificate.raw).toString('base64')] }
}

function readCertificate(at: number, x5c: unknown): Certificate {
  if (!Array.isArray(x5c) || x5c.length === 0) {
    throw new BundleError('ERR_SPIFFE_JWK_X5C_MISSING', `key ${at} of the set has no certificate`)
  }
  const first: unknown = x5c[0]
  try {
    if (typeof first !== 'string') throw new TypeError('the certificate is not a string')
    return Certificate.parse(decodeBase64(first))
  } catch (cause) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_X5C_MALFORMED',
      `the certificate of key ${at} of the set cannot be read`,
      {
        cause,
      },
    )
  }
}

function publicJWK(certificate: Certificate): JsonWebKey {
  try {
    return certificate.publicKey().export({ format: 'jwk' })
  } catch (cause) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
      'the key of an X.509 authority is of a type that a bundle cannot name',
      { cause },
    )
  }
}
