import type { Authorizer } from '../svid/authorizer.ts'
import type { X509ContextSource } from '../svid/source.ts'
import { FULL_HANDSHAKE_ONLY } from './full-handshake.ts'
import { watchListening } from './listen-net.ts'
import { type Marks, markWith } from './marks.ts'
import { PeerPolicy, type PeerPolicyOptions } from './peer-policy.ts'

/** What {@link mtlsServerOptions} gives to `createServer`. */
export interface MTLSServerOptions extends Marks {
  /** Every client is asked for its certificate. */
  readonly requestCert: true
  /** A client without a good one does not get in. */
  readonly rejectUnauthorized: true
  /** Older versions of TLS are not spoken. */
  readonly minVersion: 'TLSv1.2'
  /** No session is resumed, nothing renegotiated: each connection is verified. */
  readonly secureOptions: number
}

/**
 * Makes the options of a server that presents our X509-SVID and admits peers by SPIFFE ID.
 *
 * They hold no certificate and trust nobody: a server made of them completes no handshake until it was given
 * to {@link attach}, which puts the guard in. One that was forgotten is attached when it listens, with a
 * warning; one that is fed connections without listening is not.
 *
 * Options of your own go beside them: `{ ...mtlsServerOptions(source, authorize), maxHeaderSize: 8192 }`.
 * `ciphers`, `sigalgs`, `ecdhCurve`, `dhparam`, `honorCipherOrder`, `minVersion` (from 1.2) and `maxVersion` are
 * kept. A certificate, `ca`, `crl`, `requestCert` or `rejectUnauthorized` of your own has no say, and contexts
 * that are added for server names are not used.
 *
 * @param source - Where our identity comes from, and the trust that peers are verified against.
 * @param authorize - Who may connect, out of those whose chain verifies.
 * @param options - Another source of trust.
 * @returns Options for `tls.createServer`, `https.createServer` and `http2.createSecureServer`.
 * @throws `TypeError` when an argument is not what it has to be.
 * @see {@link attach}
 * @example
 * Serve the members of our trust domain
 * ```ts
 * import https from 'node:https'
 * import { X509Source } from 'js-spiffe'
 * import { attach, authorizeMemberOf, mtlsServerOptions, peerID } from 'js-spiffe/tlsconfig'
 *
 * const source = await X509Source.create()
 * const options = mtlsServerOptions(source, authorizeMemberOf('acme.internal'))
 * const server = attach(https.createServer(options, (req, res) => res.end(`hello ${peerID(req)}`)))
 * server.listen(8443)
 * ```
 */
export function mtlsServerOptions(
  source: X509ContextSource,
  authorize: Authorizer,
  options: PeerPolicyOptions = {},
): MTLSServerOptions {
  const policy = new PeerPolicy(source, authorize, options)
  watchListening()
  return {
    ...markWith(policy),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    secureOptions: FULL_HANDSHAKE_ONLY,
  }
}
