import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { SpiffeID } from '../spiffeid/spiffe-id.ts'
import type { VerifiedPeer } from '../svid/verified-peer.ts'
import { TLSConfigError } from './error.ts'

/**
 * What leads to a TLS connection: its socket, an `http` or `http2` request or response, or an `http2` stream or
 * session. Requests of frameworks do where they have the `socket` of the request that they wrap.
 */
export type PeerConnection =
  | Duplex
  | {
      /** The TLS socket of a request or a session. */
      readonly socket: object | null | undefined
    }
  | {
      /** The session of an `http2` stream. */
      readonly session: PeerSession | undefined
    }

/** An `http2` session. */
export interface PeerSession {
  /** Its TLS socket. */
  readonly socket: object | null | undefined
}

// A property and no WeakMap: `http2` shows sockets through proxies only, and these pass properties on.
const PEER: unique symbol = Symbol('js-spiffe.peer')

// From what peerID takes to the TLS socket: itself, a request or session, a stream, a closed compat request.
const ROUTES = [[], ['socket'], ['session', 'socket'], ['stream', 'session', 'socket']] as const

/** Notes on a socket who its peer was found to be. */
export function recordPeer(socket: TLSSocket, peer: VerifiedPeer): void {
  // A socket that one attached server hands to another is judged, and noted, twice.
  Object.defineProperty(socket, PEER, { value: peer, configurable: true })
}

/**
 * Says who the peer of a connection is: the SPIFFE ID that was verified and authorized for it.
 *
 * It answers for connections of attached servers and of clients made with {@link mtlsClientOptions}, from the
 * record of the check alone and never from a certificate. Ask at the start of a handler: an `http2` stream that
 * was closed no longer knows its connection.
 *
 * @param connection - A TLS socket, a request, a response, or an `http2` stream or session.
 * @returns The ID of the other end.
 * @throws `TLSConfigError` `ERR_SPIFFE_TLS_NO_PEER_ID` when the connection was not checked by this library
 * (plain TLS or TCP, another copy of the library), is not established, or is closed.
 * @example
 * Answer a client by name
 * ```ts
 * import type { IncomingMessage, ServerResponse } from 'node:http'
 * import { peerID } from 'js-spiffe/tlsconfig'
 *
 * function handler(request: IncomingMessage, response: ServerResponse): void {
 *   response.end(`hello ${peerID(request)}`)
 * }
 * ```
 */
export function peerID(connection: PeerConnection): SpiffeID {
  if (!isObject(connection)) throw new TypeError('peerID takes a socket, a request, a stream or a session')
  let cause: unknown
  try {
    for (const route of ROUTES) {
      const peer = recordAt(connection, route)
      if (peer !== undefined) return peer.id
    }
  } catch (error) {
    // `http2` throws where the session of a stream or the socket of a session is gone.
    cause = error
  }
  throw new TLSConfigError('ERR_SPIFFE_TLS_NO_PEER_ID', 'nobody was verified for this connection', { cause })
}

function recordAt(connection: object, route: readonly string[]): VerifiedPeer | undefined {
  let holder: unknown = connection
  for (const step of route) holder = isObject(holder) ? Reflect.get(holder, step) : undefined
  return isObject(holder) ? Reflect.get(holder, PEER) : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
