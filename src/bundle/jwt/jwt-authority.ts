import type { KeyObject } from 'node:crypto'
import { printable } from '../../internal/printable.ts'
import { KEY } from '../../internal/x509/oid.ts'
import { type PublicKeyInfo, readPublicKeyInfo } from '../../internal/x509/public-key-info.ts'
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

const LEAST_RSA_BITS = 2048
const LEAST_RSA_EXPONENT = 3n

/** The curves of RFC 7518 §3.4. */
const CURVES: ReadonlyMap<string, JWTKeyKind> = new Map([
  [KEY.p256, 'P-256'],
  [KEY.p384, 'P-384'],
  [KEY.p521, 'P-521'],
])

/** Takes a key as an authority, or refuses it. */
export function jwtAuthority(kid: string, key: KeyObject, alg?: string): JWTAuthority {
  if (kid === '') throw new BundleError('ERR_SPIFFE_JWK_KID_MISSING', 'a key has an empty kid')
  if (key.type !== 'public') {
    throw new BundleError('ERR_SPIFFE_JWK_NOT_PUBLIC', `the key ${printable(kid)} is a ${key.type} key`)
  }
  const info = readPublicKeyInfo(key.export({ format: 'der', type: 'spki' }))
  return Object.freeze({ kid, key, kind: kindOf(kid, info), alg })
}

function kindOf(kid: string, info: PublicKeyInfo): JWTKeyKind {
  if (info.type === 'rsa') {
    assertStrongRSA(kid, info)
    return 'RSA'
  }
  const curve = info.type === 'ec' ? CURVES.get(info.curve) : undefined
  if (curve === undefined) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED',
      `the key ${printable(kid)} is of a kind that signs no JWT-SVID`,
    )
  }
  return curve
}

/** RSA of at least 2048 bits (RFC 7518 §3.3), with an exponent that makes it RSA (RFC 8017 §3.1). */
function assertStrongRSA(
  kid: string,
  info: { readonly modulusBits: number; readonly exponent: bigint },
): void {
  if (info.modulusBits < LEAST_RSA_BITS) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_TOO_WEAK',
      `the RSA key ${printable(kid)} has ${info.modulusBits} bits`,
    )
  }
  if (info.exponent < LEAST_RSA_EXPONENT || info.exponent % 2n === 0n) {
    throw new BundleError(
      'ERR_SPIFFE_JWK_TOO_WEAK',
      `the exponent of the RSA key ${printable(kid)} is even or less than ${LEAST_RSA_EXPONENT}`,
      { rule: 'RFC 8017 §3.1' },
    )
  }
}
