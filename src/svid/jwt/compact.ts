import { decodeBase64url } from '../../internal/base64url.ts'
import { SVIDError } from '../error.ts'

/** The parts of a token, each still in base64url and of a bounded size. */
export interface CompactToken {
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** What the signature is over: header and payload as they were sent (RFC 7515 §5.2). */
  readonly signed: string
}

const LONGEST_HEADER = 8 * 1024
const LONGEST_PAYLOAD = 64 * 1024
// That of RSA with 16384 bits, the longest key that OpenSSL verifies with.
const LONGEST_SIGNATURE = 2731
const LONGEST_TOKEN = LONGEST_HEADER + LONGEST_PAYLOAD + LONGEST_SIGNATURE + '..'.length

/**
 * Takes a token apart by JWS Compact Serialization, the one form of a JWT-SVID (JWT-SVID §1, RFC 7515 §7.1).
 * Its sizes are bounded before anything is decoded; lengths are in characters as they are sent.
 */
export function splitCompact(token: string): CompactToken {
  bounded('token', token, LONGEST_TOKEN)
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (second === -1 || token.includes('.', second + 1)) {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_MALFORMED', 'the token does not have exactly three parts')
  }
  return {
    header: bounded('header', token.slice(0, first), LONGEST_HEADER),
    payload: bounded('payload', token.slice(first + 1, second), LONGEST_PAYLOAD),
    signature: bounded('signature', token.slice(second + 1), LONGEST_SIGNATURE),
    signed: token.slice(0, second),
  }
}

/** Decodes a part. Its text is canonical: no two texts are the same token (RFC 7515 §2). */
export function decodePart(part: string, text: string): Uint8Array {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_MALFORMED',
      `the ${part} of the token is not canonical base64url`,
      { rule: 'RFC 7515 §2', cause },
    )
  }
}

function bounded(name: string, text: string, longest: number): string {
  if (text.length <= longest) return text
  throw new SVIDError(
    'ERR_SPIFFE_JWT_SVID_TOO_LARGE',
    `the ${name} has ${text.length} characters, of at most ${longest}`,
  )
}
