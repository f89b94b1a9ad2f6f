import { Server } from 'node:tls'
import { ServerGuard } from './guard.ts'
import { policyOf } from './marks.ts'

/**
 * Puts the guard on a server that was created with the options of {@link mtlsServerOptions}.
 *
 * From then on it presents the newest SVID of the source with each handshake, and no connection reaches a
 * listener before its client was verified and authorized. A client that is refused has its connection closed,
 * and the server emits `tlsClientError` with the reason. Attaching twice is attaching once.
 *
 * Call it right after creating the server: what is done to a server before could otherwise open it.
 *
 * @param server - Of `tls`, `https` or `http2`.
 * @returns The same server.
 * @throws `TypeError` when the value is no TLS server, or one that was not created with these options.
 * @see {@link mtlsServerOptions}
 * @example
 * See who was refused, and why
 * ```ts
 * import https from 'node:https'
 * import { X509Source } from 'js-spiffe'
 * import { attach, authorizeID, mtlsServerOptions } from 'js-spiffe/tlsconfig'
 *
 * const source = await X509Source.create()
 * const options = mtlsServerOptions(source, authorizeID('spiffe://acme.internal/checkout'))
 * const server = attach(https.createServer(options, (_req, res) => res.end()))
 * server.on('tlsClientError', (error, socket) => console.error(socket.remoteAddress, error.message))
 * ```
 */
export function attach<S extends Server>(server: S): S {
  if (!(server instanceof Server)) throw new TypeError('attach takes a server of tls, https or http2')
  if (ServerGuard.isOn(server)) return server
  const policy = policyOf(server)
  if (policy === undefined) {
    throw new TypeError(
      'the server was not created with the options of mtlsServerOptions, or with others over them',
    )
  }
  ServerGuard.install(server, policy)
  return server
}
