import type { Certificate } from '../../internal/x509/certificate.ts'
import { curveOf, isOnCurve, isUncompressed } from '../../internal/x509/curve.ts'
import type { PublicKeyInfo } from '../../internal/x509/public-key-info.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { describe, refusal } from './refusal.ts'

const FEWEST_RSA_BITS = 2048
// Above these, checking a signature is work that somebody else can make us do.
const MOST_RSA_BITS = 8192
const LARGEST_RSA_EXPONENT = 2 ** 32 - 1

// Keys found strong, of certificates that are known: the arithmetic is done once for each.
const strong = new WeakSet<PublicKeyInfo>()

/** Refuses a certificate whose key is too weak, or of a kind that nobody needs to support. */
export function assertStrongKey(certificate: Certificate, id: SpiffeID): void {
  const { publicKey } = certificate.details
  if (strong.has(publicKey)) return
  const weakness = weaknessOf(publicKey)
  if (weakness !== undefined) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_WEAK_KEY', `${describe(certificate)} has ${weakness}`)
  }
  strong.add(publicKey)
}

function weaknessOf(key: PublicKeyInfo): string | undefined {
  switch (key.type) {
    case 'rsa':
      if (key.modulusBits < FEWEST_RSA_BITS || key.modulusBits > MOST_RSA_BITS) {
        return `an RSA key of ${key.modulusBits} bits`
      }
      // RFC 8017 §3.1: a product of odd primes
      if (!key.isModulusOdd) return 'an RSA modulus that is even'
      if (key.exponent > LARGEST_RSA_EXPONENT) return 'an RSA exponent of more than 32 bits'
      // FIPS 186-5 §A.1.1: an even exponent has no inverse, and 1 makes every message its own signature
      if (key.exponent < 3 || key.exponent % 2 === 0) return 'an RSA exponent that is even or below 3'
      return undefined
    case 'ec': {
      const curve = curveOf(key.curve)
      if (curve === undefined) return `an EC key on the curve ${key.curve}`
      // RFC 5480 §2.2: uncompressed is the form that everybody must support
      if (!isUncompressed(key.point, curve)) return 'an EC point that is not uncompressed'
      // SEC 1 §3.2.2.1
      return isOnCurve(key.point, curve) ? undefined : 'an EC point that is not on its curve'
    }
    case 'ed25519':
      return key.octets === 32 ? undefined : 'an Ed25519 key of a wrong length'
    case 'other':
      return `a key of the type ${key.algorithm}`
  }
}
