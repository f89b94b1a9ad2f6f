import { decodeBase64url } from '../../internal/base64url.ts'
import { SVIDError } from '../error.ts'

/** The parts of a token, decoded and not yet understood. */
export interface CompactToken {
  readonly header: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** What the signature is over: header and payload as they were sent (RFC 7515 §5.2). */
  readonly signingInput: Uint8Array
}

const LONGEST_HEADER = 8 * 1024
const LONGEST_PAYLOAD = 64 * 1024
// That of RSA with 16384 bits, the most that OpenSSL verifies, in base64url.
const LONGEST_SIGNATURE = 2731

/**
 * Takes a token apart by JWS Compact Serialization, the one form of a JWT-SVID (JWT-SVID §1, RFC 7515 §7.1).
 *
 * Nothing is decoded before its size is known to be bounded, and each part is canonical: no two texts are the
 * same token.
 */
export function splitCompact(token: string): CompactToken {
  if (token.length > LONGEST_HEADER + LONGEST_PAYLOAD + LONGEST_SIGNATURE + 2) throw tooLarge('token')
  const [header, payload, signature, more] = token.split('.', 4)
  if (header === undefined || payload === undefined || signature === undefined || more !== undefined) {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_MALFORMED', 'the token does not have exactly three parts')
  }
  return {
    header: decode('header', header, LONGEST_HEADER),
    payload: decode('payload', payload, LONGEST_PAYLOAD),
    signature: decode('signature', signature, LONGEST_SIGNATURE),
    signingInput: Buffer.from(token.slice(0, header.length + 1 + payload.length), 'latin1'),
  }
}

function decode(part: string, text: string, longest: number): Uint8Array {
  if (text.length > longest) throw tooLarge(part)
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_MALFORMED',
      `the ${part} of the token is not canonical base64url`,
      {
        rule: 'RFC 7515 §2',
        cause,
      },
    )
  }
}

function tooLarge(part: string): SVIDError {
  return new SVIDError('ERR_SPIFFE_JWT_SVID_TOO_LARGE', `the ${part} is larger than is accepted`)
}
