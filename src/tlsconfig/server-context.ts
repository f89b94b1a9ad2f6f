import type { Server } from 'node:tls'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { TLSConfigError } from './error.ts'
import { FULL_HANDSHAKE_ONLY } from './full-handshake.ts'
import type { PeerPolicy } from './peer-policy.ts'

// What a user may choose. The rest of a context is ours: who we are, whom OpenSSL trusts, how it resumes.
const KEPT = [
  'ciphers',
  'sigalgs',
  'ecdhCurve',
  'dhparam',
  'honorCipherOrder',
  'maxVersion',
  'sessionIdContext',
  'certificateCompression',
] as const

/** What a server presents: the newest SVID of its source, whatever else was set on the server meanwhile. */
export class ServerContext {
  readonly #server: Server
  readonly #policy: PeerPolicy
  // Empty: OpenSSL is to trust nobody, the guard judges. On Node 24.21 the intermediates of a client are lost as
  // soon as OpenSSL trusts it, and with over a thousand authorities handshakes fail.
  readonly #ca: string[] = []
  #presented: X509SVID | undefined

  constructor(server: Server, policy: PeerPolicy) {
    this.#server = server
    this.#policy = policy
  }

  /**
   * Presents the newest SVID from the next handshake on.
   *
   * @throws `TLSConfigError` `ERR_SPIFFE_TLS_SOURCE_FAILED` when the source has none, and
   * `ERR_SPIFFE_TLS_CONTEXT_UNUSABLE` when OpenSSL does not take it.
   */
  refresh(): void {
    const svid = this.#policy.svid()
    // `ca` is another one as soon as somebody called setSecureContext on the server.
    if (svid === this.#presented && Reflect.get(this.#server, 'ca') === this.#ca) return
    this.#present(svid)
    this.#presented = svid
  }

  #present(svid: X509SVID): void {
    const server = this.#server
    const kept = Object.fromEntries(KEPT.map((name) => [name, Reflect.get(server, name)]))
    try {
      const { certificates: cert, privateKey: key } = svid.marshal()
      server.setSecureContext({
        ...kept,
        cert,
        key,
        ca: this.#ca,
        minVersion: Reflect.get(server, 'minVersion') === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2',
        secureOptions: Reflect.get(server, 'secureOptions') | FULL_HANDSHAKE_ONLY,
      })
    } catch (cause) {
      throw new TLSConfigError('ERR_SPIFFE_TLS_CONTEXT_UNUSABLE', `${svid.id} cannot be presented`, { cause })
    } finally {
      // Node keeps the key in PEM beside the context that it made of it, for whoever inspects the server to see.
      Reflect.set(server, 'key', undefined)
    }
  }
}
