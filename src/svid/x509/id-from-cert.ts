import { X509Certificate } from 'node:crypto'
import { types } from 'node:util'
import { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { refusal } from './refusal.ts'
import { spiffeIDOf } from './spiffe-id-of.ts'

/**
 * Reads the SPIFFE ID out of a certificate: its one URI alternative name.
 *
 * This verifies nothing: anybody can write any ID into a certificate. Use {@link verify} to learn who a peer
 * is. A certificate of an authority has an ID without a path.
 *
 * @param certificate - DER, or an object of `node:crypto`.
 * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_MALFORMED`, `ERR_SPIFFE_X509_SVID_NO_URI_SAN`,
 * `ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS`, `ERR_SPIFFE_X509_SVID_ID_INVALID`
 * @see X509-SVID §2, SPIFFE ID
 * @example
 * Say in a log whose certificate it was
 * ```ts
 * import { X509Certificate } from 'node:crypto'
 * import { readFileSync } from 'node:fs'
 * import { x509svid } from 'js-spiffe'
 *
 * const certificate = new X509Certificate(readFileSync('svid.pem'))
 * console.log(`it says that it is ${x509svid.idFromCert(certificate)}`)
 * ```
 */
export function idFromCert(certificate: Uint8Array | X509Certificate): SpiffeID {
  const der = certificate instanceof X509Certificate ? certificate.raw : certificate
  if (!types.isUint8Array(der)) throw new TypeError('a Uint8Array of DER or an X509Certificate is needed')
  return spiffeIDOf(parse(der))
}

function parse(der: Uint8Array): Certificate {
  try {
    const certificate = Certificate.parse(der)
    void certificate.details
    return certificate
  } catch (cause) {
    throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_MALFORMED', 'the certificate cannot be read', { cause })
  }
}
