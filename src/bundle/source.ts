import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { JWTBundle } from './jwt/jwt-bundle.ts'
import type { X509Bundle } from './x509/x509-bundle.ts'

/**
 * Where X.509 authorities come from, always asked for by trust domain.
 *
 * Implemented by `X509Source`, `X509Bundle`, `X509BundleSet` and whatever else holds trust. Reads are
 * synchronous: they happen inside TLS handshakes.
 */
export interface X509BundleSource {
  /**
   * The bundle of a trust domain, or `undefined` where that trust domain is not trusted.
   *
   * @throws `SpiffeError` when the source cannot answer: it is closed, or holds nothing yet.
   */
  getX509Bundle(trustDomain: TrustDomain): X509Bundle | undefined

  /** Every bundle that is trusted now. */
  getX509Bundles(): Iterable<X509Bundle>

  /**
   * Calls the listener after each change of what the source would answer.
   *
   * @returns A function that ends the subscription.
   */
  onChange(listener: () => void): () => void
}

/** Where JWT authorities come from, always asked for by trust domain. */
export interface JWTBundleSource {
  /** The bundle of a trust domain, or `undefined` where that trust domain is not trusted. */
  getJWTBundle(trustDomain: TrustDomain): JWTBundle | undefined | Promise<JWTBundle | undefined>
}
