import type { Matcher } from '../spiffeid/matcher.ts'
import type { VerifiedPeer } from './verified-peer.ts'

/**
 * Decides whether an authenticated peer may come in.
 *
 * It admits by `true` alone. A string refuses and is the reason; everything else refuses too: `false`,
 * `undefined` (a forgotten `return`), a promise, a throw. Every matcher of `spiffeid` is an authorizer.
 */
export type Authorizer<P = VerifiedPeer> = Matcher<P>
