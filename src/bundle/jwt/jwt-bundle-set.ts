import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { BundleSet, byTrustDomain } from '../bundle-set.ts'
import type { JWTBundleSource } from '../source.ts'
import type { JWTBundle } from './jwt-bundle.ts'

/**
 * The JWT authorities of several trust domains. An immutable value, and a bundle source itself.
 */
export class JWTBundleSet extends BundleSet<JWTBundle, JWTBundleSet> implements JWTBundleSource {
  /**
   * A set of these bundles.
   *
   * @param bundles - At most one for each trust domain.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when two are of one trust domain.
   */
  static from(bundles: Iterable<JWTBundle>): JWTBundleSet {
    return new JWTBundleSet(byTrustDomain(bundles))
  }

  /** @internal */
  protected override derive(bundles: ReadonlyMap<string, JWTBundle>): JWTBundleSet {
    return new JWTBundleSet(bundles)
  }

  /** The bundle of a trust domain, or `undefined` where that trust domain is not trusted. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.get(trustDomain)
  }
}
