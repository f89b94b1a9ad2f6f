import { constants } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { TLSConfigError } from './error.ts'

/** What OpenSSL is told so that a connection has one handshake, and a full one: that one is judged. */
export const FULL_HANDSHAKE_ONLY: number = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

/** Refuses a connection whose handshake was cut short: the peer proved nothing in it. */
export function assertFullHandshake(socket: TLSSocket): void {
  if (!socket.isSessionReused()) return
  throw new TLSConfigError('ERR_SPIFFE_TLS_SESSION_RESUMED', 'the peer resumed an earlier session')
}

/** Ends a connection should it shake hands again: nobody would judge the certificate of the second time. */
export function endOnSecondHandshake(socket: TLSSocket): void {
  socket.once('secure', () => socket.destroy())
}
