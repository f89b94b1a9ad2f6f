import { TLSSocket } from 'node:tls'
import type { SpiffeError } from '../errors.ts'
import { unusableContext } from './unusable-context.ts'

/** Tells the listeners of a server about something. */
export type Emit = (event: unknown, args: readonly unknown[]) => boolean

/** Ends a connection, and tells the server's listeners why. */
export function refuse(socket: TLSSocket, error: SpiffeError, emit: Emit): true {
  // Listeners want to log the address, which a socket knows after its end if it was asked for before.
  void socket.remoteAddress
  socket.destroy()
  emit('tlsClientError', [error, socket])
  return true
}

/** The same for a connection whose handshake has not begun. */
export function refuseRaw(raw: unknown, error: SpiffeError, emit: Emit): true {
  // Listeners count on a TLS socket. It takes any Duplex, which its types do not say.
  const options = { isServer: true, secureContext: unusableContext() }
  return refuse(Reflect.construct(TLSSocket, [raw, options]), error, emit)
}
