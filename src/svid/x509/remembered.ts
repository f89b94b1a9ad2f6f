import { bytesKey, equalBytes } from '../../internal/bytes.ts'
import { LRU } from '../../internal/lru.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'

// Certificates that were once part of a valid path, by the end of their DER, which is the end of a signature:
// enough to find one, while all bytes decide whether it is the one. To have read it is a fact about its bytes;
// everything else is judged anew each time. What was not verified never gets in, so it cannot drive anything
// out either.
const verified = new LRU<string, Certificate>(4096)
const KEY_BYTES = 32
// Several times what they have in use. Who may issue certificates could fill memory with larger ones.
const LARGEST_REMEMBERED_BYTES = 8192

/** The certificate in these bytes, where it is known. */
export function remembered(der: Uint8Array): Certificate | undefined {
  const known = verified.get(keyOf(der))
  return known !== undefined && equalBytes(known.raw, der) ? known : undefined
}

/** Remembers a certificate of a valid path. */
export function remember(certificate: Certificate): void {
  if (certificate.raw.length > LARGEST_REMEMBERED_BYTES) return
  verified.set(keyOf(certificate.raw), certificate)
}

function keyOf(der: Uint8Array): string {
  return bytesKey(der.subarray(-KEY_BYTES))
}
