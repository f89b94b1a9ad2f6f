import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { BundleSet } from '../bundle-set.ts'
import type { X509BundleSource } from '../source.ts'
import { X509Bundle } from './x509-bundle.ts'

/**
 * The X.509 authorities of several trust domains. An immutable value, and a bundle source itself.
 *
 * @example
 * Trust a second trust domain
 * ```ts
 * import { X509Bundle, X509BundleSet } from 'js-spiffe'
 *
 * const ours = X509Bundle.parse('acme.internal', '')
 * const bundles = X509BundleSet.from([ours]).withBundle(X509Bundle.parse('partner.example', ''))
 * console.log(bundles.has('partner.example')) // true
 * ```
 */
export class X509BundleSet extends BundleSet<X509Bundle, X509BundleSet> implements X509BundleSource {
  /**
   * A set of these bundles.
   *
   * @param bundles - At most one for each trust domain.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when two are of one trust domain.
   * @throws `TypeError` when one is a bundle of another kind, or none.
   */
  static from(bundles: Iterable<X509Bundle>): X509BundleSet {
    return new X509BundleSet(X509Bundle, bundles)
  }

  /** @internal */
  protected override derive(bundles: Iterable<X509Bundle>): X509BundleSet {
    return X509BundleSet.from(bundles)
  }

  /** The bundle of a trust domain, or `undefined` where that trust domain is not trusted. */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.get(trustDomain)
  }

  /** Every bundle of the set, sorted by trust domain. */
  getX509Bundles(): Iterable<X509Bundle> {
    return this
  }

  /** Never calls the listener: a set does not change. */
  onChange(_listener: () => void): () => void {
    return () => {}
  }
}
