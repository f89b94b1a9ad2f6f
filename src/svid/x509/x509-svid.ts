import type { KeyObject, X509Certificate } from 'node:crypto'
import { inspect, types } from 'node:util'
import { concatBytes, copyBytes } from '../../internal/bytes.ts'
import { encodePEM } from '../../internal/pem.ts'
import { Certificate } from '../../internal/x509/certificate.ts'
import { readCertificatesPEM } from '../../internal/x509/certificate-pem.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { X509SVIDSource } from '../source.ts'
import { assertReadable } from './certificate-rules.ts'
import { MOST_CERTIFICATES } from './limits.ts'
import { assertOwnIntermediate, assertOwnLeaf } from './own-rules.ts'
import { assertKeyFits, readPrivateKeyDER, readPrivateKeyPEM } from './private-key.ts'
import { refusal } from './refusal.ts'
import { spiffeIDOf } from './spiffe-id-of.ts'
import { toX509Certificate } from './to-x509-certificate.ts'

/** What is known of an X509-SVID beside its certificates and its key. */
export interface X509SVIDOptions {
  /** What the operator calls this identity, to tell it from the workload's others. */
  readonly hint?: string | undefined
}

/** An X509-SVID in PEM. */
export interface X509SVIDPEM {
  /** The certificates, leaf first. */
  readonly certificates: string
  /** The private key in PKCS#8. Secret. */
  readonly privateKey: string
}

/** An X509-SVID in DER. */
export interface X509SVIDRaw {
  /** The certificates one after the other, leaf first. */
  readonly certificates: Uint8Array
  /** The private key in PKCS#8. Secret. */
  readonly privateKey: Uint8Array
}

/**
 * An X509-SVID of our own: a SPIFFE ID, the certificates that prove it and the private key to present them
 * with. An immutable value, and a source of itself.
 *
 * An instance keeps the rules for who is issued an SVID, which are stricter than those for a peer: exactly one
 * URI alternative name, which is a SPIFFE ID with a path; no CA; a critical Key Usage with `digitalSignature`
 * and without `keyCertSign` and `cRLSign`; both purposes where there is an Extended Key Usage; signing
 * certificates alone after the leaf; and a key that belongs to the leaf. Whether it is valid now and chains to
 * its bundle is for `x509svid.verify`.
 *
 * `util.inspect`, `JSON.stringify` and template strings show the ID and the expiry, and nothing that is secret.
 *
 * @see X509-SVID §4, Constraints and Usage
 * @example
 * Read what another tool wrote
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { X509SVID } from 'js-spiffe'
 *
 * const svid = X509SVID.parse(readFileSync('svid.pem', 'utf8'), readFileSync('svid-key.pem', 'utf8'))
 * console.log(svid.id.toString(), svid.expiresAt)
 * ```
 */
export class X509SVID implements X509SVIDSource {
  /** Who this is. */
  readonly id: SpiffeID
  /** What the operator calls this identity; for choosing among several (Workload API §5.2.2). */
  readonly hint: string | undefined

  readonly #chain: readonly [Certificate, ...Certificate[]]
  readonly #privateKey: KeyObject
  #certificates: readonly X509Certificate[] | undefined

  /**
   * Reads PEM: every `CERTIFICATE` block of one text, leaf first, and the one private key of the other. Both
   * can be the same text.
   *
   * @param certificates - The certificates. Blocks of other kinds, and the text around them, are passed over.
   * @param privateKey - The key: `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` or `RSA PRIVATE KEY`.
   * @param options - The hint.
   * @throws `SVIDError` with one code for each rule, `ERR_SPIFFE_X509_SVID_…`; see docs/errors.md.
   */
  static parse(certificates: string, privateKey: string, options: X509SVIDOptions = {}): X509SVID {
    assertType(typeof certificates === 'string' && typeof privateKey === 'string', 'PEM must be a string')
    const chain = readCertificates(() => readCertificatesPEM(certificates))
    return X509SVID.#from(chain, (id) => readPrivateKeyPEM(privateKey, id), options)
  }

  /**
   * Reads DER, as the Workload API sends it.
   *
   * @param certificates - The certificates one after the other, leaf first.
   * @param privateKey - The key in PKCS#8.
   * @param options - The hint.
   * @throws `SVIDError` with one code for each rule, `ERR_SPIFFE_X509_SVID_…`; see docs/errors.md.
   */
  static parseRaw(certificates: Uint8Array, privateKey: Uint8Array, options: X509SVIDOptions = {}): X509SVID {
    assertType(types.isUint8Array(certificates) && types.isUint8Array(privateKey), 'DER must be a Uint8Array')
    const chain = readCertificates(() => Certificate.parseConcatenated(certificates))
    return X509SVID.#from(chain, (id) => readPrivateKeyDER(privateKey, id), options)
  }

  static #from(
    chain: readonly Certificate[],
    readKey: (id: SpiffeID) => KeyObject,
    { hint }: X509SVIDOptions,
  ): X509SVID {
    assertType(hint === undefined || typeof hint === 'string', 'the hint must be a string')
    const [leaf, ...intermediates] = chain
    if (leaf === undefined)
      throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_NO_CERTIFICATE', 'there is no certificate')
    chain.forEach(assertReadable)
    const id = spiffeIDOf(leaf)
    if (chain.length > MOST_CERTIFICATES) {
      throw refusal(id, 'ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG', `there are ${chain.length} certificates`)
    }
    assertOwnLeaf(leaf, id)
    for (const intermediate of intermediates) assertOwnIntermediate(intermediate, id)
    const privateKey = readKey(id)
    assertKeyFits(privateKey, leaf, id)
    return new X509SVID(id, [leaf, ...intermediates], privateKey, hint)
  }

  private constructor(
    id: SpiffeID,
    chain: readonly [Certificate, ...Certificate[]],
    privateKey: KeyObject,
    hint: string | undefined,
  ) {
    this.id = id
    this.hint = hint
    this.#chain = chain
    this.#privateKey = privateKey
    Object.freeze(this)
  }

  /**
   * The certificates as objects of `node:crypto`, leaf first; made when they are first asked for.
   *
   * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_MALFORMED` when OpenSSL cannot read one of them.
   */
  get certificates(): readonly X509Certificate[] {
    this.#certificates ??= Object.freeze(
      this.#chain.map((certificate) => toX509Certificate(certificate, this.id)),
    )
    return this.#certificates
  }

  /** The certificates in DER, leaf first: fresh copies. */
  get rawCertificates(): readonly Uint8Array[] {
    return this.#chain.map(({ raw }) => copyBytes(raw))
  }

  /** The private key. A `KeyObject` shows what it holds only when it is exported. */
  get privateKey(): KeyObject {
    return this.#privateKey
  }

  /** From when on the leaf is valid. */
  get notBefore(): Date {
    return new Date(this.#chain[0].notBefore)
  }

  /** When the leaf expires. */
  get expiresAt(): Date {
    return new Date(this.#chain[0].notAfter)
  }

  /** The SVID as PEM. The key is secret: see `x509svid.save` for files. */
  marshal(): X509SVIDPEM {
    return {
      certificates: this.#chain.map(({ raw }) => encodePEM('CERTIFICATE', raw)).join(''),
      privateKey: encodePEM('PRIVATE KEY', this.#exportKey()),
    }
  }

  /** The SVID as DER, in the form of the Workload API. The key is secret. */
  marshalRaw(): X509SVIDRaw {
    return { certificates: concatBytes(this.#chain.map(({ raw }) => raw)), privateKey: this.#exportKey() }
  }

  /**
   * This SVID.
   *
   * @throws `SVIDError` `ERR_SPIFFE_X509_SVID_EXPIRED` when it has expired.
   */
  getX509SVID(): X509SVID {
    if (Date.now() > this.#chain[0].notAfter) {
      throw refusal(this.id, 'ERR_SPIFFE_X509_SVID_EXPIRED', `it expired at ${this.expiresAt.toISOString()}`)
    }
    return this
  }

  /** Never calls the listener: an SVID does not change. */
  onChange(_listener: () => void): () => void {
    return () => {}
  }

  toString(): string {
    return `X509SVID(${this.id}, expires ${this.expiresAt.toISOString()})`
  }

  /** The ID and the expiry. */
  toJSON(): Readonly<Record<'id' | 'expiresAt', string>> {
    return { id: this.id.toString(), expiresAt: this.expiresAt.toISOString() }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }

  #exportKey(): Uint8Array {
    return copyBytes(this.#privateKey.export({ format: 'der', type: 'pkcs8' }))
  }
}

function readCertificates(read: () => readonly Certificate[]): readonly Certificate[] {
  try {
    return read()
  } catch (cause) {
    throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_MALFORMED', 'the certificates cannot be read', { cause })
  }
}

function assertType(isRight: boolean, message: string): void {
  if (!isRight) throw new TypeError(message)
}
