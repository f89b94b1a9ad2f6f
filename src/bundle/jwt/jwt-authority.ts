import type { KeyObject } from 'node:crypto'
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
const SMALLEST_RSA_EXPONENT = 3n
// OpenSSL verifies with none larger: a key that checks nothing must not look like an authority.
const MOST_RSA_BITS = 16384
const LARGEST_RSA_EXPONENT = 2n ** 64n - 1n

/** The curves of RFC 7518 §3.4, by the names that OpenSSL has for them. */
const CURVES: ReadonlyMap<string | undefined, JWTKeyKind> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
])

/** Takes a key as an authority, or refuses it. */
export function jwtAuthority(kid: string, key: KeyObject, alg?: string): JWTAuthority {
  if (kid === '') throw new BundleError('ERR_SPIFFE_JWK_KID_MISSING', 'the kid of a key is empty')
  if (key.type !== 'public') {
    throw new BundleError('ERR_SPIFFE_JWK_NOT_PUBLIC', `the key ${printable(kid)} is a ${key.type} key`)
  }
  return Object.freeze({ kid, key, kind: kindOf(kid, key), alg })
}

/** JWT-SVID §2.1 names the algorithms, RFC 7518 §3.3 to §3.5 the keys that go with them. */
function kindOf(
  kid: string,
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
): JWTKeyKind {
  if (type === 'rsa') {
    assertStrongRSA(kid, details?.modulusLength, details?.publicExponent)
    return 'RSA'
  }
  const curve = CURVES.get(details?.namedCurve)
  if (curve === undefined) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
      `the key ${printable(kid)} is of a type that signs no JWT-SVID`,
    )
  }
  return curve
}

function assertStrongRSA(kid: string, bits: number | undefined, exponent: bigint | undefined): void {
  if (bits === undefined || bits < FEWEST_RSA_BITS || bits > MOST_RSA_BITS) {
    throw new BundleError('ERR_SPIFFE_JWK_WEAK_KEY', `the RSA key ${printable(kid)} has ${bits} bits`)
  }
  // RFC 8017 §3.1: an even exponent has no inverse, and with 1 every text is its own signature.
  if (
    exponent === undefined ||
    exponent < SMALLEST_RSA_EXPONENT ||
    exponent > LARGEST_RSA_EXPONENT ||
    exponent % 2n === 0n
  ) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_WEAK_KEY',
      `the exponent of the RSA key ${printable(kid)} is even, below 3 or of more than 64 bits`,
      { rule: 'RFC 8017 §3.1' },
    )
  }
}
