import type { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'
import { bytesKey, concatBytes, copyBytes, equalBytes } from '../../internal/bytes.ts'
import { encodePEM } from '../../internal/pem.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { assertOf } from '../assert.ts'
import { LARGEST_BUNDLE_BYTES } from '../limits.ts'
import { type LoadOptions, readBundleFile } from '../read-file.ts'
import type { X509BundleSource } from '../source.ts'
import {
  isDER,
  readDERCertificates,
  readOneCertificate,
  readPEMCertificates,
  toX509Certificate,
  type X509AuthorityInput,
} from './read-certificates.ts'

/** @internal The parsed authorities of a bundle, for who builds paths to them. */
export let x509AuthoritiesOf: (bundle: X509Bundle) => readonly Certificate[]

/** @internal A bundle of what a document of another kind held. */
export let makeX509Bundle: (trustDomain: TrustDomain, authorities: Iterable<Certificate>) => X509Bundle

/**
 * The X.509 authorities of one trust domain: what its X509-SVIDs chain to. An immutable value, and a bundle
 * source itself.
 *
 * A bundle without authorities is valid and trusts nothing. Which of its certificates can end a chain is
 * judged when a chain is verified; the bundle keeps what its trust domain published.
 *
 * @see X509-SVID §6
 * @example
 * Trust what an operator put into a file
 * ```ts
 * import { X509Bundle } from 'js-spiffe'
 *
 * const bundle = await X509Bundle.load('acme.internal', 'bundle.pem')
 * console.log(bundle.x509Authorities.map((authority) => authority.subject))
 * ```
 */
export class X509Bundle implements X509BundleSource {
  /** Whose authorities these are. */
  readonly trustDomain: TrustDomain

  readonly #authorities: readonly Certificate[]
  #x509Authorities: readonly X509Certificate[] | undefined

  static {
    x509AuthoritiesOf = (bundle) => bundle.#authorities
    makeX509Bundle = (trustDomain, authorities) => new X509Bundle(trustDomain, authorities)
  }

  private constructor(trustDomain: TrustDomain, authorities: Iterable<Certificate>) {
    const once = new Map<string, Certificate>()
    for (const authority of authorities) once.set(bytesKey(authority.raw), authority)
    this.trustDomain = trustDomain
    this.#authorities = Object.freeze([...once.values()])
    Object.freeze(this)
  }

  /**
   * Reads PEM: each `CERTIFICATE` block is an authority; other blocks and the text around them are passed over.
   *
   * @param trustDomain - Whose authorities these are: PEM does not say.
   * @param pem - The text. An empty one is a bundle that trusts nothing.
   * @throws `BundleError` `ERR_SPIFFE_X509_BUNDLE_MALFORMED` when a certificate cannot be read, or when
   * the text is not empty and holds none.
   */
  static parse(trustDomain: TrustDomain | string, pem: string): X509Bundle {
    const owner = TrustDomain.from(trustDomain)
    return new X509Bundle(owner, readPEMCertificates(owner, pem))
  }

  /**
   * Reads certificates in DER, one after the other, as the Workload API sends them.
   *
   * @param trustDomain - Whose authorities these are: DER does not say.
   * @param der - The bytes; they are copied. No bytes are a bundle that trusts nothing.
   * @throws `BundleError` `ERR_SPIFFE_X509_BUNDLE_MALFORMED` when one of them cannot be read.
   */
  static parseRaw(trustDomain: TrustDomain | string, der: Uint8Array): X509Bundle {
    const owner = TrustDomain.from(trustDomain)
    return new X509Bundle(owner, readDERCertificates(owner, der))
  }

  /**
   * Takes authorities one by one.
   *
   * @param trustDomain - Whose authorities these are.
   * @param authorities - Certificates of `node:crypto`, or DER or PEM of one certificate each.
   * @throws `BundleError` `ERR_SPIFFE_X509_BUNDLE_MALFORMED` when one of them cannot be read.
   */
  static fromX509Authorities(
    trustDomain: TrustDomain | string,
    authorities: Iterable<X509AuthorityInput>,
  ): X509Bundle {
    const owner = TrustDomain.from(trustDomain)
    return new X509Bundle(
      owner,
      Array.from(authorities, (authority) => readOneCertificate(owner, authority)),
    )
  }

  /**
   * Reads a file of certificates, in PEM or in DER, whichever it holds. An empty file is not taken for a bundle
   * that trusts nothing: more likely somebody has still to write it.
   *
   * @param trustDomain - Whose authorities these are.
   * @param path - The file, of at most 16 MiB.
   * @param options - A signal that ends the reading.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_FILE_UNREADABLE` when the file cannot be read or is empty,
   * `ERR_SPIFFE_BUNDLE_TOO_LARGE` when it is too large, and what {@link X509Bundle.parse} throws.
   */
  static async load(
    trustDomain: TrustDomain | string,
    path: string | URL,
    options: LoadOptions = {},
  ): Promise<X509Bundle> {
    const owner = TrustDomain.from(trustDomain)
    const bytes = await readBundleFile(path, LARGEST_BUNDLE_BYTES, options)
    return isDER(bytes)
      ? X509Bundle.parseRaw(owner, bytes)
      : X509Bundle.parse(owner, Buffer.from(bytes).toString())
  }

  /**
   * The authorities as objects of `node:crypto`, made when they are first asked for.
   *
   * @throws `BundleError` `ERR_SPIFFE_X509_BUNDLE_MALFORMED` when OpenSSL cannot read one of them.
   */
  get x509Authorities(): readonly X509Certificate[] {
    this.#x509Authorities ??= Object.freeze(
      this.#authorities.map((authority) => toX509Certificate(this.trustDomain, authority)),
    )
    return this.#x509Authorities
  }

  /** The authorities in DER: copies of the caller's own. */
  get rawX509Authorities(): readonly Uint8Array[] {
    return this.#authorities.map(({ raw }) => copyBytes(raw))
  }

  /** Whether there are no authorities: nothing of the trust domain can be trusted. */
  get isEmpty(): boolean {
    return this.#authorities.length === 0
  }

  /** Whether a certificate is one of the authorities, byte for byte. */
  has(authority: X509AuthorityInput): boolean {
    const { raw } = readOneCertificate(this.trustDomain, authority)
    return this.#authorities.some((ours) => equalBytes(ours.raw, raw))
  }

  /** The bundle with this authority. */
  withX509Authority(authority: X509AuthorityInput): X509Bundle {
    return new X509Bundle(this.trustDomain, [
      ...this.#authorities,
      readOneCertificate(this.trustDomain, authority),
    ])
  }

  /** The bundle without this authority: what it signed is not trusted any more. */
  withoutX509Authority(authority: X509AuthorityInput): X509Bundle {
    const { raw } = readOneCertificate(this.trustDomain, authority)
    return new X509Bundle(
      this.trustDomain,
      this.#authorities.filter((ours) => !equalBytes(ours.raw, raw)),
    )
  }

  /** Whether both are of one trust domain and hold the same certificates, in whatever order. */
  equals(other: X509Bundle): boolean {
    assertOf(X509Bundle, other, 'the other')
    if (!this.trustDomain.equals(other.trustDomain)) return false
    if (this.#authorities.length !== other.#authorities.length) return false
    const theirs = new Set(other.#authorities.map(({ raw }) => bytesKey(raw)))
    return this.#authorities.every(({ raw }) => theirs.has(bytesKey(raw)))
  }

  /** The authorities in PEM. */
  marshal(): string {
    return this.#authorities.map(({ raw }) => encodePEM('CERTIFICATE', raw)).join('')
  }

  /** The authorities in DER, one after the other. */
  marshalRaw(): Uint8Array {
    return concatBytes(this.#authorities.map(({ raw }) => raw))
  }

  /** This bundle for its own trust domain, `undefined` for every other. */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.trustDomain.equals(trustDomain) ? this : undefined
  }

  /** This bundle alone. */
  getX509Bundles(): Iterable<X509Bundle> {
    return [this]
  }

  /** Never calls the listener: a bundle does not change. */
  onChange(_listener: () => void): () => void {
    return () => {}
  }

  /** Whose bundle it is, and how many authorities it has. */
  toString(): string {
    return `X509Bundle(${this.trustDomain}, ${this.#authorities.length} authorities)`
  }

  /** Whose bundle it is, and how many authorities it has; {@link X509Bundle.marshal} gives the certificates. */
  toJSON(): {
    /** Its name. */
    readonly trustDomain: string
    /** How many. */
    readonly authorities: number
  } {
    return { trustDomain: this.trustDomain.name, authorities: this.#authorities.length }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}
