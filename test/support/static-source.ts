import type { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { X509BundleSet } from '../../src/bundle/x509/x509-bundle-set.ts'
import type { TrustDomain } from '../../src/spiffeid/trust-domain.ts'
import type { X509Context, X509ContextSource } from '../../src/svid/source.ts'
import type { X509SVID } from '../../src/svid/x509/x509-svid.ts'

/** Identity and trust that stay as they are until they are rotated by hand. */
export class StaticSource implements X509ContextSource {
  readonly #listeners = new Set<() => void>()
  #context: X509Context
  #failure: unknown

  constructor(svid: X509SVID, bundles: Iterable<X509Bundle>) {
    this.#context = { svid, svids: [svid], bundles: X509BundleSet.from(bundles) }
  }

  /** Replaces what is given, at once. */
  rotate({ svid, bundles }: { svid?: X509SVID; bundles?: Iterable<X509Bundle> }): void {
    const { svid: oldSVID, bundles: oldBundles } = this.snapshot()
    const newSVID = svid ?? oldSVID
    this.#context = { svid: newSVID, svids: [newSVID], bundles: X509BundleSet.from(bundles ?? oldBundles) }
    this.#tell()
  }

  /** Throws this from every getter from now on. */
  fail(failure: unknown): void {
    this.#failure = failure
    this.#tell()
  }

  /** Serves again what it held when it failed. */
  recover(): void {
    this.#failure = undefined
    this.#tell()
  }

  snapshot(): X509Context {
    if (this.#failure !== undefined) throw this.#failure
    return this.#context
  }

  getX509SVID(): X509SVID {
    return this.snapshot().svid.getX509SVID()
  }

  getX509Bundle(trustDomain: TrustDomain): X509Bundle | undefined {
    return this.snapshot().bundles.getX509Bundle(trustDomain)
  }

  getX509Bundles(): Iterable<X509Bundle> {
    return this.snapshot().bundles.getX509Bundles()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
