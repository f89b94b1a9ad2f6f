import type { KeyObject } from 'node:crypto'
import { decodeBase64url } from '../../internal/base64url.ts'
import { detachedKey } from '../../internal/detached-key.ts'
import { printable } from '../../internal/printable.ts'
import { BundleError } from '../error.ts'

/** The kinds of key that the nine algorithms of JWT-SVID §2.1 sign with. */
export type JWTKeyKind = 'RSA' | 'P-256' | 'P-384' | 'P-521'

/** A public key that a trust domain signs JWT-SVIDs with. It is fit for that: kind and size are checked. */
export interface JWTAuthority {
  readonly kid: string
  readonly key: KeyObject
  readonly kind: JWTKeyKind
  /** The one algorithm that the publisher of the key bound it to (RFC 7517 §4.4), where there is one. */
  readonly alg: string | undefined
}

const FEWEST_RSA_BITS = 2048
// OpenSSL verifies with none larger: a key that checks nothing must not look like an authority. It is more than an
// X509-SVID may have, whose key comes from whoever connects; this one is published by the trust domain itself.
const MOST_RSA_BITS = 16384
const SMALLEST_RSA_EXPONENT = 3
const MOST_RSA_EXPONENT_OCTETS = 8

/** The curves of RFC 7518 §3.4, by the names that OpenSSL has for them. */
const CURVES: ReadonlyMap<string | undefined, JWTKeyKind> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
])

/** Takes the key of a caller as an authority, or refuses it. */
export function jwtAuthority(kid: string, key: KeyObject): JWTAuthority {
  if (kid === '') throw new BundleError('ERR_SPIFFE_JWK_KID_MISSING', 'the kid of a key is empty')
  if (key.type !== 'public') {
    throw new BundleError('ERR_SPIFFE_JWK_NOT_PUBLIC', `the key ${printable(kid)} is a ${key.type} key`)
  }
  return Object.freeze({ kid, key, kind: kindOf(kid, key), alg: undefined })
}

/** JWT-SVID §2.1 names the algorithms, RFC 7518 §3.3 to §3.5 the keys that go with them. */
function kindOf(kid: string, key: KeyObject): JWTKeyKind {
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      // asymmetricKeyDetails would make a bigint of the exponent, which takes minutes where that is long.
      const { n = '', e = '' } = detachedKey(key).export({ format: 'jwk' })
      assertStrongRSA(kid, decodeBase64url(n), decodeBase64url(e))
      return 'RSA'
    }
    case 'ec':
      return curveOf(kid, detachedKey(key).asymmetricKeyDetails?.namedCurve)
    default:
      throw unfitType(kid)
  }
}

function curveOf(kid: string, name: string | undefined): JWTKeyKind {
  const curve = CURVES.get(name)
  if (curve === undefined) throw unfitType(kid)
  return curve
}

function unfitType(kid: string): BundleError {
  return new BundleError(
    'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
    `the key ${printable(kid)} is of a type that signs no JWT-SVID`,
  )
}

/**
 * Refuses an RSA key that is too weak or that OpenSSL would not verify with.
 *
 * @param modulus - The octets of the number, without zeros before it.
 * @param exponent - Likewise.
 */
export function assertStrongRSA(kid: string, modulus: Uint8Array, exponent: Uint8Array): void {
  const bits = bitsOf(modulus)
  if (bits < FEWEST_RSA_BITS || bits > MOST_RSA_BITS) {
    throw new BundleError('ERR_SPIFFE_JWK_WEAK_KEY', `the RSA key ${printable(kid)} has ${bits} bits`)
  }
  // RFC 8017 §3.1: an even exponent has no inverse, and with 1 every text is its own signature.
  const last = exponent.at(-1) ?? 0
  if (
    exponent.length > MOST_RSA_EXPONENT_OCTETS ||
    last % 2 === 0 ||
    (exponent.length === 1 && last < SMALLEST_RSA_EXPONENT)
  ) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_WEAK_KEY',
      `the exponent of the RSA key ${printable(kid)} is even, below 3 or of more than 64 bits`,
      { rule: 'RFC 8017 §3.1' },
    )
  }
}

function bitsOf(number: Uint8Array): number {
  return 8 * number.length - Math.clz32(number[0] ?? 0) + 24
}
