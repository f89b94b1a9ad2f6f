import { bytesKey } from '../../internal/bytes.ts'
import { LRU } from '../../internal/lru.ts'
import { Certificate } from '../../internal/x509/certificate.ts'

// Certificates that were once part of a valid path, by their DER: to have read one is a fact about its bytes,
// and everything else is judged anew each time. What was not verified never gets in, so it cannot drive
// anything out either.
const verified = new LRU<string, Certificate>(4096)

/** The certificate in these bytes, without reading them again where they are known. */
export function parseRemembered(der: Uint8Array): Certificate {
  return verified.get(bytesKey(der)) ?? Certificate.parse(der)
}

/** Remembers the certificates of a valid path. */
export function remember(path: readonly Certificate[]): void {
  for (const certificate of path) {
    const key = bytesKey(certificate.raw)
    if (verified.get(key) === undefined) verified.set(key, certificate)
  }
}
