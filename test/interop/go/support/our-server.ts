import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import type { Server } from 'node:tls'
import type { X509ContextSource } from '../../../../src/svid/index.ts'
import {
  type Authorizer,
  attach,
  mtlsServerOptions,
  type PeerConnection,
  peerID,
} from '../../../../src/tlsconfig/index.ts'

/** A server of ours that answers with the ID of the client. */
export interface OurServer extends AsyncDisposable {
  /** How Go reaches it: one request on one connection. */
  readonly target: { readonly address: string; readonly connections: number; readonly requests: number }
  /** Who made each request. */
  readonly peers: readonly string[]
}

export async function serve(
  source: X509ContextSource,
  authorize: Authorizer,
  { http2: withHTTP2 = false } = {},
): Promise<OurServer> {
  const peers: string[] = []
  const answer = (request: PeerConnection, response: { end(body: string): unknown }): void => {
    const peer = peerID(request).toString()
    peers.push(peer)
    response.end(peer)
  }
  const options = mtlsServerOptions(source, authorize)
  const server: Server = withHTTP2
    ? attach(http2.createSecureServer(options, answer))
    : attach(https.createServer(options, answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    target: { address: `127.0.0.1:${address.port}`, connections: 1, requests: 1 },
    peers,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
