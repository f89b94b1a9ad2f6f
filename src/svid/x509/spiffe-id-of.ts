import type { Certificate } from '../../internal/x509/certificate.ts'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { refusal } from './refusal.ts'

/**
 * The SPIFFE ID of a certificate: its one URI alternative name.
 *
 * Other kinds of alternative names may stand beside it in any number (X509-SVID §2).
 */
export function spiffeIDOf(certificate: Certificate): SpiffeID {
  const [uri, ...others] = certificate.details.uriSANs
  // X509-SVID §2: exactly one URI SAN
  if (uri === undefined) {
    throw refusal(
      undefined,
      'ERR_SPIFFE_X509_SVID_NO_URI_SAN',
      'the certificate holds no URI alternative name',
    )
  }
  if (others.length > 0) {
    throw refusal(
      undefined,
      'ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS',
      `the certificate holds ${others.length + 1} URI alternative names`,
    )
  }
  // X509-SVID §5.2: the scheme is spiffe; SPIFFE-ID §2 for the rest
  try {
    return SpiffeID.parse(uri)
  } catch (cause) {
    throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_ID_INVALID', 'the URI alternative name is no SPIFFE ID', {
      cause,
    })
  }
}
