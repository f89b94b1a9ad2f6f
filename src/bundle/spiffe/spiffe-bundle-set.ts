import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { BundleSet } from '../bundle-set.ts'
import type { JWTBundle } from '../jwt/jwt-bundle.ts'
import type { JWTBundleSource, X509BundleSource } from '../source.ts'
import type { X509Bundle } from '../x509/x509-bundle.ts'
import { SpiffeBundle } from './spiffe-bundle.ts'

/**
 * The SPIFFE bundles of several trust domains. An immutable value, and a source of X.509 and JWT bundles itself.
 *
 * @example
 * Validate against what several trust domains published
 * ```ts
 * import { SpiffeBundle, SpiffeBundleSet } from 'js-spiffe'
 *
 * const bundles = SpiffeBundleSet.from([
 *   await SpiffeBundle.load('acme.internal', 'acme.json'),
 *   await SpiffeBundle.load('partner.example', 'partner.json'),
 * ])
 * console.log(bundles.get('partner.example')?.sequenceNumber)
 * ```
 */
export class SpiffeBundleSet
  extends BundleSet<SpiffeBundle, SpiffeBundleSet>
  implements X509BundleSource, JWTBundleSource
{
  /**
   * A set of these bundles.
   *
   * @param bundles - At most one for each trust domain.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when two are of one trust domain.
   * @throws `TypeError` when one is a bundle of another kind, or none.
   */
  static from(bundles: Iterable<SpiffeBundle>): SpiffeBundleSet {
    return new SpiffeBundleSet(SpiffeBundle, bundles)
  }

  /** @internal */
  protected override derive(bundles: Iterable<SpiffeBundle>): SpiffeBundleSet {
    return SpiffeBundleSet.from(bundles)
  }

  /** The X.509 authorities of a trust domain, or `undefined` where that trust domain is not trusted. */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.get(trustDomain)?.x509Bundle
  }

  /** The X.509 authorities of every trust domain in the set. */
  getX509Bundles(): Iterable<X509Bundle> {
    return Array.from(this, ({ x509Bundle }) => x509Bundle)
  }

  /** The JWT authorities of a trust domain, or `undefined` where that trust domain is not trusted. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.get(trustDomain)?.jwtBundle
  }

  /** Never calls the listener: a set does not change. */
  onChange(_listener: () => void): () => void {
    return () => {}
  }
}
