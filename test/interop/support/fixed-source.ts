import type { X509Bundle } from '../../../src/bundle/index.ts'
import { X509BundleSet } from '../../../src/bundle/index.ts'
import type { X509Context, X509ContextSource, X509SVID } from '../../../src/svid/index.ts'

/** An identity and trust that never change, as a source. */
export function fixedSource(svid: X509SVID, bundles: Iterable<X509Bundle>): X509ContextSource {
  return sourceOf({ svid, svids: [svid], bundles: X509BundleSet.from(bundles) })
}

/** One moment of a source, for ever. */
export function sourceOf(context: X509Context): X509ContextSource {
  return {
    snapshot: () => context,
    getX509SVID: () => context.svid,
    getX509Bundle: (trustDomain) => context.bundles.get(trustDomain),
    getX509Bundles: () => context.bundles,
    onChange: () => () => undefined,
  }
}
