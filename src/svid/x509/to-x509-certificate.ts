import { X509Certificate } from 'node:crypto'
import type { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { describe, refusal } from './refusal.ts'

/** Makes a certificate of `node:crypto`. OpenSSL reads some fields more strictly, such as the text in names. */
export function toX509Certificate(certificate: Certificate, id: SpiffeID): X509Certificate {
  try {
    return new X509Certificate(certificate.raw)
  } catch (cause) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_MALFORMED',
      `${describe(certificate)} cannot be read by OpenSSL`,
      { cause },
    )
  }
}
