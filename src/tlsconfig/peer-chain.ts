import { TLSConfigError } from './error.ts'

/** What is read of the certificate objects of `node:tls`, which link issuers where Node was asked to. */
export interface PresentedCertificate {
  readonly raw?: Uint8Array
  readonly issuerCertificate?: PresentedCertificate | undefined
}

// More than a chain may have: enough for the verifier to see that it is too long, and an end to the walk.
const MOST_CERTIFICATES = 32

/**
 * What a peer presented, in DER: the leaf, whose key it proved to hold, and each time the certificate that the
 * one before names as its issuer. A root of the own store may be at the end.
 *
 * @param certificate - From Node, which answers an empty object where the peer presented nothing, and `null`
 * where the socket is gone.
 */
export function chainOf(certificate: PresentedCertificate | null): readonly [Uint8Array, ...Uint8Array[]] {
  if (certificate?.raw === undefined) {
    throw new TLSConfigError('ERR_SPIFFE_TLS_NO_PEER_CERTIFICATE', 'the peer presented no certificate')
  }
  const chain: [Uint8Array, ...Uint8Array[]] = [certificate.raw]
  let { issuerCertificate: issuer } = certificate
  while (issuer?.raw !== undefined && chain.length < MOST_CERTIFICATES) {
    chain.push(issuer.raw)
    // A root is its own issuer.
    issuer = issuer.issuerCertificate === issuer ? undefined : issuer.issuerCertificate
  }
  return chain
}
