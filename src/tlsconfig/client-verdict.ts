import type { TLSSocket } from 'node:tls'
import { SpiffeError } from '../errors.ts'
import type { VerifiedPeer } from '../svid/verified-peer.ts'
import { assertFullHandshake } from './full-handshake.ts'
import { chainOf } from './peer-chain.ts'
import type { PeerPolicy } from './peer-policy.ts'

// Refusals that no further certificate of the peer would change.
const FINAL: ReadonlySet<string> = new Set(['ERR_SPIFFE_X509_SVID_NO_BUNDLE', 'ERR_SPIFFE_TLS_UNAUTHORIZED'])

/**
 * Judges the client at the other end of a connection that a server has just completed the handshake of.
 *
 * The leaf comes first and alone. Where an authority issued it, that is all there is to read; where nothing of
 * its trust domain is trusted, the chain is not worth reading: a stranger can make that cost many milliseconds.
 */
export function judgeClient(socket: TLSSocket, policy: PeerPolicy): VerifiedPeer {
  assertFullHandshake(socket)
  const leaf = chainOf(socket.getPeerCertificate(false))
  try {
    return policy.judge(leaf, 'client')
  } catch (error) {
    if (error instanceof SpiffeError && FINAL.has(error.code)) throw error
  }
  return policy.judge(chainOf(socket.getPeerCertificate(true)), 'client')
}
