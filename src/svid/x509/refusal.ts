import type { SpiffeErrorCode, SpiffeErrorOptions } from '../../errors.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'

/** The refusal of an X509-SVID, which names the SPIFFE ID as soon as one is known. */
export function refusal(
  id: SpiffeID | undefined,
  code: SpiffeErrorCode,
  detail: string,
  options: Omit<SpiffeErrorOptions, 'spiffeID'> = {},
): SVIDError {
  const about = id === undefined ? detail : `${id}: ${detail}`
  return new SVIDError(code, about, { ...options, spiffeID: id?.toString() })
}

/** The refusal of a chain that makes more work than any has to. */
export function searchLimit(id: SpiffeID, work: string): SVIDError {
  return refusal(id, 'ERR_SPIFFE_X509_SVID_SEARCH_LIMIT', `${work} and no path to an authority was found`)
}

/** What to call a certificate in a message: its serial number, as `openssl x509 -serial` writes it. */
export function describe(certificate: Certificate): string {
  const serial = Buffer.from(certificate.serialNumber.subarray(0, 21)).toString('hex').toUpperCase()
  return `the certificate with serial number ${serial.replace(/^00(?=[89A-F])/, '')}`
}
