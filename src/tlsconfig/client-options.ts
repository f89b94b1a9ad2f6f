import { type PeerCertificate, type SecureContext, TLSSocket } from 'node:tls'
import type { Authorizer } from '../svid/authorizer.ts'
import type { X509ContextSource } from '../svid/source.ts'
import { ClientContext } from './client-context.ts'
import { ClientGuard } from './client-guard.ts'
import { PeerPolicy, type PeerPolicyOptions, refusalOf } from './peer-policy.ts'

/** What {@link mtlsClientOptions} gives to whatever opens TLS connections. */
export interface MTLSClientOptions {
  /** Presents the newest SVID of the source. */
  readonly secureContext: SecureContext
  /** Verifies and authorizes the server. */
  readonly checkServerIdentity: (hostname: string, certificate: PeerCertificate) => Error | undefined
  /** Puts the guard on the socket; there is no pre-shared key. */
  readonly pskCallback: () => null
  /** A server that is not good ends the connection. */
  readonly rejectUnauthorized: true
  /** No session is resumed: each connection is verified. */
  readonly session: undefined
  /** No agent keeps sessions. */
  readonly maxCachedSessions: 0
  /** What agents tell connections apart by: another one for each SVID and trust. */
  readonly sessionIdContext: string
}

/**
 * Makes the options of a client that presents our X509-SVID and calls servers by SPIFFE ID.
 *
 * Make them once and use them for every connection: each one presents the newest SVID, and its server is
 * verified and authorized with the newest trust before a byte that was written leaves. Where the source has no
 * SVID, connections fail with the reason. The name of the host is not looked at: the ID says who a server is.
 *
 * No connection is shared with other options, and where they are given with each request none with an SVID or
 * bundles of before. An `https.Agent` that was made with them opens new connections with the newest SVID, keeps
 * those that it has, and uses its own options for whatever request it is given.
 *
 * Options of your own go beside them (`servername`, `ALPNProtocols`, `timeout`, …). Those of the TLS context, such
 * as `ca`, `cert` or `ciphers`, have no effect, and an agent with `rejectUnauthorized: false`, a
 * `checkServerIdentity` or a session cache of its own changes nothing. Leave `secureContext` and `pskCallback` alone:
 * they are what holds all this.
 *
 * @param source - Where our identity comes from, and the trust that servers are verified against.
 * @param authorize - Which servers may be talked to, out of those whose chain verifies. One that names no trust
 * domains (`authorizeAny`, `not`, a function of your own) works with up to 500 authorities.
 * @param options - Another source of trust.
 * @returns Options for `tls.connect`, `https.request`, `https.Agent` and `http2.connect`.
 * @throws `TypeError` when an argument is not what it has to be.
 * @example
 * Call one server
 * ```ts
 * import https from 'node:https'
 * import { X509Source } from 'js-spiffe'
 * import { authorizeID, mtlsClientOptions } from 'js-spiffe/tlsconfig'
 *
 * const source = await X509Source.create()
 * const options = mtlsClientOptions(source, authorizeID('spiffe://acme.internal/orders'))
 * https.get('https://orders.acme.internal:8443/', options, (res) => res.pipe(process.stdout))
 * ```
 */
export function mtlsClientOptions(
  source: X509ContextSource,
  authorize: Authorizer,
  options: PeerPolicyOptions = {},
): MTLSClientOptions {
  const policy = new PeerPolicy(source, authorize, options)
  const context = new ClientContext(policy)
  const guard = new ClientGuard(policy)
  return {
    secureContext: context,

    // OpenSSL asks for a pre-shared key while it writes a ClientHello that offers TLS 1.3, as all of ours do. There
    // is none; but here, and nowhere else, options meet the socket (it is `this`) and an error gets through to it.
    pskCallback(this: unknown): null {
      if (!(this instanceof TLSSocket)) return null
      guard.install(this)
      try {
        context.newest().context()
      } catch (error) {
        // Not thrown: Node 20.19 and 22.12 make that an uncaught exception.
        process.nextTick(() => this.destroy(refusalOf(error)))
      }
      return null
    },

    checkServerIdentity(this: unknown, _hostname: string, certificate: PeerCertificate): Error | undefined {
      const error = guard.check(certificate)
      // `this` are the options of the connection: with them Node decides whether the error is more than a note.
      if (error !== undefined) Reflect.set(Object(this), 'rejectUnauthorized', true)
      return error
    },

    // Node takes an absent value from NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    // Present, so that no agent puts a session of its cache in its place; and agents are to keep none.
    session: undefined,
    maxCachedSessions: 0,
    get sessionIdContext(): string {
      return context.poolKey
    },
  }
}
