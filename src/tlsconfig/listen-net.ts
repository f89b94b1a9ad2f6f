import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:tls'
import { attach } from './attach.ts'
import { TLSConfigError } from './error.ts'
import { ServerGuard } from './guard.ts'
import { isMarked } from './marks.ts'
import { refuseRaw } from './refuse.ts'

// Published within every `listen`, before the port opens.
const LISTENING = 'tracing:net.server.listen:asyncStart'

let watching = false

/**
 * Sees to it that no server of ours listens without its guard.
 *
 * It starts with the first server options and not with the module: bundlers leave out what a module does by
 * itself.
 */
export function watchListening(): void {
  if (watching) return
  watching = true
  subscribe(LISTENING, (message) => {
    const server: unknown = Reflect.get(Object(message), 'server')
    if (server instanceof Server && isMarked(server) && !ServerGuard.isOn(server)) attachLate(server)
  })
}

/** Throws nothing: it would end the process, and the port would open nevertheless. */
function attachLate(server: Server): void {
  try {
    attach(server)
    warn('A server was not attached before it listened. Call attach(server) right after creating it.')
  } catch (cause) {
    seal(server, cause)
    warn(`A server cannot be attached and refuses every connection: ${String(cause)}`)
  }
}

/** Cuts a server off from its connections: nothing else is certain where the guard cannot stand. */
function seal(server: Server, cause: unknown): void {
  const error = new TLSConfigError('ERR_SPIFFE_TLS_NOT_GUARDED', 'the server has no guard', { cause })
  server.removeAllListeners('connection')
  server.on('connection', (raw) =>
    refuseRaw(raw, error, (event, args) => Reflect.apply(server.emit, server, [event, ...args])),
  )
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'SpiffeWarning', code: 'SPIFFE_SERVER_NOT_ATTACHED' })
}
