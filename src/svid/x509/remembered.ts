import { bytesKey, equalBytes } from '../../internal/bytes.ts'
import { LRU } from '../../internal/lru.ts'
import { Certificate } from '../../internal/x509/certificate.ts'

// Certificates that were once part of a valid path, by the end of their DER, which is the end of a signature:
// enough to find one, while all bytes decide whether it is the one. To have read it is a fact about its bytes;
// everything else is judged anew each time. What was not verified never gets in, so it cannot drive anything
// out either.
const verified = new LRU<string, Certificate>(4096)
const isRemembered = new WeakSet<Certificate>()
const KEY_BYTES = 32
// Several times what they have in use. Who may issue certificates could fill memory with larger ones.
const LARGEST_REMEMBERED_BYTES = 8192

/** The certificate in these bytes, without reading them again where they are known. */
export function parseRemembered(der: Uint8Array): Certificate {
  const known = verified.get(keyOf(der))
  return known !== undefined && equalBytes(known.raw, der) ? known : Certificate.parse(der)
}

/** Remembers the certificates of a valid path. */
export function remember(path: readonly Certificate[]): void {
  for (const certificate of path) {
    if (isRemembered.has(certificate) || certificate.raw.length > LARGEST_REMEMBERED_BYTES) continue
    verified.set(keyOf(certificate.raw), certificate)
    isRemembered.add(certificate)
  }
}

function keyOf(der: Uint8Array): string {
  return bytesKey(der.subarray(-KEY_BYTES))
}
