import { TLSConfigError } from './error.ts'

/** What is read of the certificate objects of `node:tls`, which link issuers where Node was asked to. */
export interface PresentedCertificate {
  readonly raw?: Uint8Array
  readonly issuerCertificate?: PresentedCertificate | undefined
}

// More than a chain may have: enough for the verifier to see that it is too long, and an end to the walk.
const MOST_CERTIFICATES = 32

/**
 * The leaf of a peer, whose key it proved to hold, in DER.
 *
 * @param certificate - Node answers an empty object where the peer presented nothing, and `null` where the
 * socket is gone.
 */
export function leafOf(certificate: PresentedCertificate | null): Uint8Array {
  if (certificate?.raw !== undefined) return certificate.raw
  throw new TLSConfigError('ERR_SPIFFE_TLS_NO_PEER_CERTIFICATE', 'the peer presented no certificate')
}

/** The leaf and each time the certificate that the object before links as its issuer, in DER. */
export function chainOf(certificate: PresentedCertificate | null): readonly Uint8Array[] {
  const chain = [leafOf(certificate)]
  let issuer = certificate?.issuerCertificate
  while (issuer?.raw !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(issuer.raw)
    // A root is its own issuer.
    issuer = issuer.issuerCertificate === issuer ? undefined : issuer.issuerCertificate
  }
  return chain
}
