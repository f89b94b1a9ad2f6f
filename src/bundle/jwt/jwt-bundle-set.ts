import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { BundleSet } from '../bundle-set.ts'
import type { JWTBundleSource } from '../source.ts'
import { JWTBundle } from './jwt-bundle.ts'

/**
 * The JWT authorities of several trust domains. An immutable value, and a bundle source itself.
 */
export class JWTBundleSet extends BundleSet<JWTBundle, JWTBundleSet> implements JWTBundleSource {
  /**
   * A set of these bundles.
   *
   * @param bundles - At most one for each trust domain.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when two are of one trust domain.
   * @throws `TypeError` when one is a bundle of another kind, or none.
   */
  static from(bundles: Iterable<JWTBundle>): JWTBundleSet {
    return new JWTBundleSet(JWTBundle, bundles)
  }

  /** @internal */
  protected override derive(bundles: Iterable<JWTBundle>): JWTBundleSet {
    return JWTBundleSet.from(bundles)
  }

  /** The bundle of a trust domain, or `undefined` where that trust domain is not trusted. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.get(trustDomain)
  }
}
