import { randomBytes } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import { encodePEM } from '../internal/pem.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { TLSConfigError } from './error.ts'
import { FULL_HANDSHAKE_ONLY } from './full-handshake.ts'

/** The connections of a client that present the same SVID and let OpenSSL trust the same bundles. */
export class Generation {
  /** What they are pooled under: by nobody else, and by no other generation. */
  readonly poolKey: string = randomBytes(16).toString('hex')
  readonly #svid: X509SVID
  readonly #bundles: readonly X509Bundle[]
  #context: SecureContext | undefined

  constructor(svid: X509SVID, bundles: readonly X509Bundle[]) {
    this.#svid = svid
    this.#bundles = bundles
  }

  /** Whether these are still the SVID and the bundles. */
  isOf(svid: X509SVID, bundles: readonly X509Bundle[]): boolean {
    return (
      svid === this.#svid &&
      bundles.length === this.#bundles.length &&
      bundles.every((bundle, index) => bundle === this.#bundles[index])
    )
  }

  /**
   * The context of these connections, made for the first of them.
   *
   * @throws `TLSConfigError` `ERR_SPIFFE_TLS_CONTEXT_UNUSABLE` when OpenSSL does not take the SVID or a bundle.
   */
  context(): SecureContext {
    this.#context ??= this.#make()
    return this.#context
  }

  #make(): SecureContext {
    const { certificates: cert, privateKey: key } = this.#svid.marshal()
    try {
      return createSecureContext({
        cert,
        key,
        // One by one: Node drops what follows one that OpenSSL cannot read in the same text.
        ca: this.#bundles.flatMap(({ rawX509Authorities }) => rawX509Authorities.map(toPEM)),
        // Any CA of a bundle may end a chain, also one that another one issued.
        allowPartialTrustChain: true,
        minVersion: 'TLSv1.2',
        // Whatever the process has for a ceiling: a ClientHello without TLS 1.3 would not bring the guard in.
        maxVersion: 'TLSv1.3',
        secureOptions: FULL_HANDSHAKE_ONLY,
      })
    } catch (cause) {
      const detail = `OpenSSL does not take the SVID of ${this.#svid.id} or a bundle`
      throw new TLSConfigError('ERR_SPIFFE_TLS_CONTEXT_UNUSABLE', detail, { cause })
    }
  }
}

const toPEM = (der: Uint8Array): string => encodePEM('CERTIFICATE', der)
