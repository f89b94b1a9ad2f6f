import type { PeerCertificate, TLSSocket } from 'node:tls'
import type { VerifiedPeer } from '../svid/verified-peer.ts'
import { assertFullHandshake, endOnSecondHandshake } from './full-handshake.ts'
import { chainOf } from './peer-chain.ts'
import { recordPeer } from './peer-id.ts'
import { type PeerPolicy, refusalOf } from './peer-policy.ts'

/**
 * Stands between the sockets of a client and their listeners until the server is judged.
 *
 * `checkServerIdentity` alone does not hold: Node asks it neither about an unknown authority nor in a resumed
 * session, an agent can bring its own, and where an agent says `rejectUnauthorized: false` its answer is a mere
 * note. But whatever comes of a handshake comes of the event `secure`, and before it nothing that was written
 * has left.
 */
export class ClientGuard {
  readonly #policy: PeerPolicy
  readonly #guarded = new WeakSet<TLSSocket>()
  // The leaf of the server that was just admitted, while Node goes on to ask about it.
  #admitted: Uint8Array | undefined

  constructor(policy: PeerPolicy) {
    this.#policy = policy
  }

  /** Puts the guard on a socket whose handshake begins. */
  install(socket: TLSSocket): void {
    // A server may ask for another ClientHello (RFC 8446 §4.1.4).
    if (this.#guarded.has(socket)) return
    this.#guarded.add(socket)
    const { emit } = socket
    const guarded = (event: unknown, ...args: readonly unknown[]): boolean => {
      const forward = (): boolean => Reflect.apply(emit, socket, [event, ...args])
      if (event !== 'secure') return forward()
      // There is one handshake, and then nothing is left to guard.
      if (socket.emit === guarded) Object.assign(socket, { emit })
      return this.#admit(socket, forward)
    }
    Object.defineProperty(socket, 'emit', { value: guarded, writable: true, configurable: true })
  }

  /** What Node asks about a server that OpenSSL trusts: the error that speaks against it, if any. */
  check(certificate: PeerCertificate): Error | undefined {
    // An authorizer is asked once for a connection.
    if (this.#admitted !== undefined && certificate.raw.equals(this.#admitted)) return undefined
    try {
      this.#judge(certificate)
      return undefined
    } catch (error) {
      return refusalOf(error)
    }
  }

  #admit(socket: TLSSocket, forward: () => boolean): boolean {
    try {
      assertFullHandshake(socket)
      const certificate = socket.getPeerCertificate(true)
      recordPeer(socket, this.#judge(certificate))
      this.#admitted = certificate.raw
      answerOnce(socket, certificate)
    } catch (error) {
      socket.destroy(refusalOf(error))
      return true
    }
    try {
      return forward()
    } finally {
      this.#admitted = undefined
      endOnSecondHandshake(socket)
    }
  }

  #judge(certificate: PeerCertificate): VerifiedPeer {
    return this.#policy.judge(chainOf(certificate), 'server')
  }
}

/** Keeps the chain for Node, which reads it again at once: that takes longer than the verdict. */
function answerOnce(socket: TLSSocket, certificate: PeerCertificate): void {
  if (Object.hasOwn(socket, 'getPeerCertificate')) return
  const answer = (detailed?: boolean): unknown => {
    Reflect.deleteProperty(socket, 'getPeerCertificate')
    return detailed === true ? certificate : socket.getPeerCertificate(detailed)
  }
  Object.defineProperty(socket, 'getPeerCertificate', { value: answer, configurable: true })
}
