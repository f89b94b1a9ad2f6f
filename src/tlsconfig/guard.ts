import { type Server, TLSSocket } from 'node:tls'
import { judgeClient } from './client-verdict.ts'
import { endOnSecondHandshake } from './full-handshake.ts'
import { recordPeer } from './peer-id.ts'
import { type PeerPolicy, refusalOf } from './peer-policy.ts'
import { type Emit, refuse, refuseRaw } from './refuse.ts'
import { ServerContext } from './server-context.ts'

const guarded = new WeakSet<Server>()

/**
 * Stands between a server and its listeners.
 *
 * Whatever happens on a server, Node calls its `emit`. So it does for each new connection, which is given the
 * newest SVID here, and for each completed handshake, which no listener (those of `http` and `http2` are such)
 * hears of before the client is judged.
 *
 * Where the guard is taken away, the server refuses everybody by itself: OpenSSL trusts nobody, and Node is told
 * to leave the verdict to us only for the connections that come through here.
 */
export class ServerGuard {
  readonly #server: Server
  readonly #policy: PeerPolicy
  readonly #context: ServerContext
  readonly #emit: Emit
  readonly #admitted = new WeakSet<TLSSocket>()

  private constructor(server: Server, policy: PeerPolicy) {
    this.#server = server
    this.#policy = policy
    this.#context = new ServerContext(server, policy)
    this.#emit = emitterOf(server)
  }

  /** Whether a server has a guard of this copy of the library. */
  static isOn(server: Server): boolean {
    return guarded.has(server)
  }

  /** Puts the guard on a server. */
  static install(server: Server, policy: PeerPolicy): void {
    const guard = new ServerGuard(server, policy)
    // A plain property, so that tools which wrap `emit` themselves go on working.
    Object.defineProperty(server, 'emit', {
      value: (event: unknown, ...args: readonly unknown[]) => guard.#dispatch(event, args),
      writable: true,
      configurable: true,
    })
    guarded.add(server)
  }

  #dispatch(event: unknown, args: readonly unknown[]): boolean {
    switch (event) {
      case 'connection':
        return this.#accept(args)
      case 'secureConnection':
        return this.#admit(args)
      case 'newSession':
      case 'resumeSession':
        // Who keeps sessions lets clients back in without a check.
        return false
      default:
        return this.#emit(event, args)
    }
  }

  #accept(args: readonly unknown[]): boolean {
    try {
      this.#context.refresh()
    } catch (error) {
      return refuseRaw(args[0], refusalOf(error), this.#emit)
    }
    Object.assign(this.#server, { requestCert: true, rejectUnauthorized: false })
    try {
      return this.#emit('connection', args)
    } finally {
      Object.assign(this.#server, { rejectUnauthorized: true })
    }
  }

  #admit(args: readonly unknown[]): boolean {
    const [socket] = args
    if (!(socket instanceof TLSSocket)) return false
    if (!this.#admitted.has(socket)) {
      try {
        recordPeer(socket, judgeClient(socket, this.#policy))
      } catch (error) {
        return refuse(socket, refusalOf(error), this.#emit)
      }
      this.#admitted.add(socket)
      endOnSecondHandshake(socket)
      // Node left them as OpenSSL saw it, and OpenSSL trusts nobody here.
      Object.assign(socket, { authorized: true, authorizationError: null })
    }
    return this.#emit('secureConnection', args)
  }
}

/** What calls the listeners: an own `emit` that somebody else put there, else the one that the class has then. */
function emitterOf(server: Server): Emit {
  const own = Object.hasOwn(server, 'emit') ? server.emit : undefined
  return (event, args) => Reflect.apply(own ?? Object.getPrototypeOf(server).emit, server, [event, ...args])
}
