import type { TLSSocket } from 'node:tls'
import { SpiffeError } from '../errors.ts'
import type { VerifiedPeer } from '../svid/verified-peer.ts'
import { assertFullHandshake } from './full-handshake.ts'
import { chainOf, leafOf } from './peer-chain.ts'
import type { PeerPolicy } from './peer-policy.ts'

// Refusals that nothing else that the client sent would change.
const FINAL: ReadonlySet<string> = new Set(['ERR_SPIFFE_X509_SVID_NO_BUNDLE', 'ERR_SPIFFE_TLS_UNAUTHORIZED'])

/**
 * Judges the client at the other end of a connection that a server has just completed the handshake of.
 *
 * The leaf comes first and alone. Where an authority issued it, that is all there is to read; where nothing of
 * its trust domain is trusted, the rest is not worth reading: a stranger can make that cost many milliseconds.
 */
export function judgeClient(socket: TLSSocket, policy: PeerPolicy): VerifiedPeer {
  assertFullHandshake(socket)
  const leaf = leafOf(socket.getPeerCertificate(false))
  try {
    return policy.judge([leaf], 'client')
  } catch (error) {
    if (!(error instanceof SpiffeError) || FINAL.has(error.code)) throw error
  }
  return policy.judge(presentedBy(socket), 'client')
}

// Up to Node 24.21 a chain can be read once, and a server may hand a socket on to another one.
const presented = new WeakMap<TLSSocket, readonly Uint8Array[]>()

/**
 * All certificates that a client sent, in its order: where two authorities have signed a third one, both
 * certificates of it. The older form of certificates in Node has only those that fit one another by name.
 */
function presentedBy(socket: TLSSocket): readonly Uint8Array[] {
  const chain = presented.get(socket) ?? chainOf(socket.getPeerX509Certificate() ?? null)
  presented.set(socket, chain)
  return chain
}
