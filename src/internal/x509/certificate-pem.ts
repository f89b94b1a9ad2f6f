import { SpiffeError } from '../../errors.ts'
import { decodePEM } from '../pem.ts'
import { Certificate } from './certificate.ts'

// RFC 7468 §5.1, and its two forerunners: to pass over one would make another certificate the first of its chain.
const LABELS = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'] as const

/** Reads the certificates of a PEM text (RFC 7468 §5); blocks of other kinds may stand between them. */
export function readCertificatesPEM(text: string): Certificate[] {
  return decodePEM(text, LABELS).map(({ label, der }) => {
    // What OpenSSL calls so goes on after the certificate.
    if (label === 'TRUSTED CERTIFICATE') {
      throw new SpiffeError('ERR_SPIFFE_PEM_MALFORMED', 'a TRUSTED CERTIFICATE is no CERTIFICATE', {
        rule: 'RFC 7468 §5.1',
      })
    }
    return Certificate.parse(der)
  })
}
