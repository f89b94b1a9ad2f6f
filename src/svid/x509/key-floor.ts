import type { Certificate } from '../../internal/x509/certificate.ts'
import { KEY } from '../../internal/x509/oid.ts'
import type { PublicKeyInfo } from '../../internal/x509/public-key-info.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { describe, refusal } from './refusal.ts'

const FEWEST_RSA_BITS = 2048
// Above these, checking a signature is work that somebody else can make us do.
const MOST_RSA_BITS = 8192
const LARGEST_RSA_EXPONENT = 2 ** 32 - 1

/** Octets of one coordinate, for the curves that are taken. */
const CURVES: ReadonlyMap<string, number> = new Map([
  [KEY.p256, 32],
  [KEY.p384, 48],
  [KEY.p521, 66],
])

/** Refuses a certificate whose key is too weak, or of a kind that nobody needs to support. */
export function assertStrongKey(certificate: Certificate, id: SpiffeID): void {
  const weakness = weaknessOf(certificate.details.publicKey)
  if (weakness !== undefined) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_WEAK_KEY', `${describe(certificate)} has ${weakness}`)
  }
}

function weaknessOf(key: PublicKeyInfo): string | undefined {
  switch (key.type) {
    case 'rsa':
      if (key.modulusBits < FEWEST_RSA_BITS || key.modulusBits > MOST_RSA_BITS) {
        return `an RSA key of ${key.modulusBits} bits`
      }
      if (key.exponent > LARGEST_RSA_EXPONENT) return 'an RSA exponent of more than 32 bits'
      // FIPS 186-5 §A.1.1: an even exponent has no inverse, and 1 makes every message its own signature
      if (key.exponent < 3 || key.exponent % 2 === 0) return 'an RSA exponent that is even or below 3'
      return undefined
    case 'ec': {
      const octets = CURVES.get(key.curve)
      if (octets === undefined) return `an EC key on the curve ${key.curve}`
      // RFC 5480 §2.2: uncompressed is the form that everybody must support
      if (key.point[0] !== 0x04 || key.point.length !== 1 + 2 * octets)
        return 'an EC point that is not uncompressed'
      return undefined
    }
    case 'ed25519':
      return key.octets === 32 ? undefined : 'an Ed25519 key of a wrong length'
    case 'other':
      return `a key of the type ${key.algorithm}`
  }
}
