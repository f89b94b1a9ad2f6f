import { X509Certificate } from 'node:crypto'
import { types } from 'node:util'
import { Certificate } from '../../internal/x509/certificate.ts'
import { readCertificatesPEM } from '../../internal/x509/certificate-pem.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { BundleError } from '../error.ts'
import { refusing } from '../refusing.ts'

/** One X.509 authority: a certificate of `node:crypto`, its DER, or PEM that holds it alone. */
export type X509AuthorityInput = X509Certificate | Uint8Array | string

const SEQUENCE = 0x30
const LONG_LENGTH = 0x80

/**
 * Whether bytes are DER certificates and not PEM: they begin with a SEQUENCE of more than 127 bytes, whose
 * second byte begins no character of a text.
 */
export function isDER(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes
  return tag === SEQUENCE && length > LONG_LENGTH && length <= (LONG_LENGTH | 4)
}

/** Reads certificates in DER, one after the other. */
export function readDERCertificates(owner: TrustDomain, der: Uint8Array): readonly Certificate[] {
  if (!types.isUint8Array(der)) throw new TypeError('DER is a Uint8Array; parse reads PEM')
  return readable(owner, () => Certificate.parseConcatenated(der))
}

/** Reads the certificates of a PEM text. One that is not empty has to hold one: it may be no PEM at all. */
export function readPEMCertificates(owner: TrustDomain, pem: string): readonly Certificate[] {
  if (typeof pem !== 'string') throw new TypeError('PEM is a string; parseRaw reads DER')
  const certificates = readable(owner, () => readCertificatesPEM(pem))
  if (certificates.length === 0 && pem.trim() !== '') {
    throw malformed(owner, 'a text that is not empty holds no certificate')
  }
  return certificates
}

/** Reads exactly one certificate. */
export function readOneCertificate(owner: TrustDomain, authority: X509AuthorityInput): Certificate {
  if (authority instanceof X509Certificate) return readOneCertificate(owner, authority.raw)
  if (typeof authority !== 'string' && !types.isUint8Array(authority)) {
    throw new TypeError('an X.509 authority is an X509Certificate, DER as a Uint8Array or PEM as a string')
  }
  const certificates =
    typeof authority === 'string'
      ? readPEMCertificates(owner, authority)
      : readDERCertificates(owner, authority)
  const [certificate, ...others] = certificates
  if (certificate === undefined || others.length > 0) {
    throw malformed(owner, `one authority was expected and ${certificates.length} certificates came`)
  }
  return certificate
}

/** Makes a certificate of `node:crypto`. OpenSSL reads some fields more strictly, such as the type of a name. */
export function toX509Certificate(owner: TrustDomain, { raw }: Certificate): X509Certificate {
  try {
    return new X509Certificate(raw)
  } catch (cause) {
    throw malformed(owner, 'a certificate cannot be read by OpenSSL', cause)
  }
}

function readable<T>(owner: TrustDomain, read: () => T): T {
  return refusing(read, (cause) => malformed(owner, 'a certificate cannot be read', cause))
}

function malformed(owner: TrustDomain, detail: string, cause?: unknown): BundleError {
  return new BundleError(
    'ERR_SPIFFE_X509_BUNDLE_MALFORMED',
    `in the X.509 bundle of trust domain ${owner}, ${detail}`,
    {
      spiffeID: owner.idString,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
