import { SpiffeError } from '../errors.ts'

/**
 * Decodes base64url as JOSE writes it: no padding, no other alphabet, no line breaks, and the unused bits of
 * the last character zero, so that two texts never stand for the same bytes (RFC 7515 §2, RFC 4648 §3.5).
 *
 * Node decodes leniently; what it makes of the text is right exactly when it encodes back to the same text.
 *
 * @throws `SpiffeError` `ERR_SPIFFE_BASE64_MALFORMED`.
 */
export function decodeBase64url(text: string): Uint8Array {
  return decode(text, 'base64url')
}

/** Decodes base64 with its padding, as `x5c` holds it (RFC 7517 §4.7), and as strictly. */
export function decodeBase64(text: string): Uint8Array {
  return decode(text, 'base64')
}

/** Encodes bytes in base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

function decode(text: string, encoding: 'base64' | 'base64url'): Uint8Array {
  const bytes = Buffer.from(text, encoding)
  if (bytes.toString(encoding) !== text) {
    throw new SpiffeError('ERR_SPIFFE_BASE64_MALFORMED', `text is not canonical ${encoding}`, {
      rule: encoding === 'base64' ? 'RFC 7517 §4.7' : 'RFC 7515 §2',
    })
  }
  return bytes
}
