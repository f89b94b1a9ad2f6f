import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { assertOf } from '../assert.ts'
import { JWTBundle } from '../jwt/jwt-bundle.ts'
import { LARGEST_BUNDLE_BYTES } from '../limits.ts'
import { type LoadOptions, readBundleFile } from '../read-file.ts'
import type { SkippedElement } from '../skipped.ts'
import type { JWTBundleSource, X509BundleSource } from '../source.ts'
import type { X509AuthorityInput } from '../x509/read-certificates.ts'
import { X509Bundle, x509AuthoritiesOf } from '../x509/x509-bundle.ts'
import { isRefreshHint, isSequenceNumber } from './numbers.ts'
import { readSpiffeBundle, writeSpiffeBundle } from './spiffe-bundle-document.ts'

/** What a SPIFFE bundle is made of; what is absent is empty or not said. */
export interface SpiffeBundleParts {
  /** What X509-SVIDs of the trust domain chain to. */
  readonly x509Bundle?: X509Bundle | undefined
  /** What JWT-SVIDs of the trust domain are signed with. */
  readonly jwtBundle?: JWTBundle | undefined
  /** Which edition of the bundle it is, from 0 to 2^64 - 1; a later one has a larger number. */
  readonly sequenceNumber?: bigint | undefined
  /** How often to look for a newer edition, in seconds: a positive integer. It is only a hint. */
  readonly refreshHintSeconds?: number | undefined
}

/**
 * Everything that a trust domain publishes of its authorities: a SPIFFE bundle. An immutable value, and a
 * source of X.509 and JWT bundles itself.
 *
 * @see SPIFFE Trust Domain and Bundle §4
 * @example
 * Trust what another trust domain published
 * ```ts
 * import { SpiffeBundle } from 'js-spiffe'
 *
 * const bundle = SpiffeBundle.parse('partner.example', '{"keys":[],"spiffe_sequence":18446744073709551615}')
 * console.log(bundle.sequenceNumber) // 18446744073709551615n
 * console.log(bundle.isEmpty) // true: nothing of partner.example is trusted
 * ```
 */
export class SpiffeBundle implements X509BundleSource, JWTBundleSource {
  /** Whose bundle it is. The document does not say: whoever hands it over must know (§3). */
  readonly trustDomain: TrustDomain
  /** What X509-SVIDs of the trust domain chain to; empty where it does not support X509-SVIDs. */
  readonly x509Bundle: X509Bundle
  /** What JWT-SVIDs of the trust domain are signed with; empty where it does not support JWT-SVIDs. */
  readonly jwtBundle: JWTBundle
  /** Which edition it is (§4.1.1), where the publisher says so. */
  readonly sequenceNumber: bigint | undefined
  /** How often to look for a newer edition, in seconds (§4.1.2), where the publisher says so. */
  readonly refreshHintSeconds: number | undefined

  readonly #skipped: readonly SkippedElement[]

  private constructor(
    trustDomain: TrustDomain,
    {
      x509Bundle = X509Bundle.fromX509Authorities(trustDomain, []),
      jwtBundle = JWTBundle.fromJWTAuthorities(trustDomain, []),
      sequenceNumber,
      refreshHintSeconds,
    }: SpiffeBundleParts,
    skipped: readonly SkippedElement[] = [],
  ) {
    assertOf(X509Bundle, x509Bundle, 'x509Bundle')
    assertOf(JWTBundle, jwtBundle, 'jwtBundle')
    assertBelongs(trustDomain, x509Bundle)
    assertBelongs(trustDomain, jwtBundle)
    assertNumbers(sequenceNumber, refreshHintSeconds)
    this.trustDomain = trustDomain
    this.x509Bundle = x509Bundle
    this.jwtBundle = jwtBundle
    this.sequenceNumber = sequenceNumber
    this.refreshHintSeconds = refreshHintSeconds
    this.#skipped = skipped
    Object.freeze(this)
  }

  /**
   * Makes a bundle of its parts.
   *
   * @param trustDomain - Whose bundle it is.
   * @param parts - Authorities of this trust domain alone.
   * @throws `TypeError` when a part is of another trust domain or class, or a number is out of its range.
   */
  static from(trustDomain: TrustDomain | string, parts: SpiffeBundleParts = {}): SpiffeBundle {
    return new SpiffeBundle(TrustDomain.from(trustDomain), parts)
  }

  /**
   * Reads a SPIFFE bundle document.
   *
   * Each key must say in `use` what it is for: `x509-svid` and `jwt-svid` are known. A key that cannot be used
   * is skipped, and a sequence number or refresh hint out of its range counts as absent; neither costs the
   * rest, and {@link SpiffeBundle.skipped} tells of both.
   *
   * @param trustDomain - Whose bundle it is: the document does not say.
   * @param document - The JSON text, of at most 16 MiB.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_MALFORMED` when it is no JSON object with an array `keys`,
   * `ERR_SPIFFE_BUNDLE_TOO_LARGE` when it is too large or has more than 10,000 keys.
   * @see SPIFFE Trust Domain and Bundle §4.1
   */
  static parse(trustDomain: TrustDomain | string, document: string | Uint8Array): SpiffeBundle {
    const owner = TrustDomain.from(trustDomain)
    const { contents, skipped } = readSpiffeBundle(owner, document)
    return new SpiffeBundle(owner, contents, skipped)
  }

  /**
   * Reads a file that holds a SPIFFE bundle document, as {@link SpiffeBundle.parse} does.
   *
   * @param trustDomain - Whose bundle it is.
   * @param path - The file, of at most 16 MiB.
   * @param options - A signal that ends the reading.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_FILE_UNREADABLE` when the file cannot be read or is empty, and what
   * {@link SpiffeBundle.parse} throws.
   */
  static async load(
    trustDomain: TrustDomain | string,
    path: string | URL,
    options: LoadOptions = {},
  ): Promise<SpiffeBundle> {
    const owner = TrustDomain.from(trustDomain)
    return SpiffeBundle.parse(owner, await readBundleFile(path, LARGEST_BUNDLE_BYTES, options))
  }

  /** What was passed over in the document that this bundle goes back to. To tell, all of its JWT keys are made. */
  get skipped(): readonly SkippedElement[] {
    return [...this.#skipped, ...this.jwtBundle.skipped]
  }

  /** Whether there are no authorities of any kind: nothing of the trust domain can be trusted (§4.1.3). */
  get isEmpty(): boolean {
    return this.x509Bundle.isEmpty && this.jwtBundle.isEmpty
  }

  /** The bundle with other X.509 authorities. */
  withX509Bundle(x509Bundle: X509Bundle): SpiffeBundle {
    return this.#with({ x509Bundle })
  }

  /** The bundle with other JWT authorities. */
  withJWTBundle(jwtBundle: JWTBundle): SpiffeBundle {
    return this.#with({ jwtBundle })
  }

  /** The bundle with this X.509 authority. */
  withX509Authority(authority: X509AuthorityInput): SpiffeBundle {
    return this.withX509Bundle(this.x509Bundle.withX509Authority(authority))
  }

  /** The bundle without this X.509 authority. */
  withoutX509Authority(authority: X509AuthorityInput): SpiffeBundle {
    return this.withX509Bundle(this.x509Bundle.withoutX509Authority(authority))
  }

  /** The bundle with this JWT authority, in the place of the one that had its `kid`. */
  withJWTAuthority(kid: string, key: KeyObject): SpiffeBundle {
    return this.withJWTBundle(this.jwtBundle.withJWTAuthority(kid, key))
  }

  /** The bundle without the JWT authority of a `kid`. */
  withoutJWTAuthority(kid: string): SpiffeBundle {
    return this.withJWTBundle(this.jwtBundle.withoutJWTAuthority(kid))
  }

  /** The bundle as another edition, or as one that does not say which it is. */
  withSequenceNumber(sequenceNumber: bigint | undefined): SpiffeBundle {
    return this.#with({ sequenceNumber })
  }

  /** The bundle with another refresh hint, or with none. */
  withRefreshHint(refreshHintSeconds: number | undefined): SpiffeBundle {
    return this.#with({ refreshHintSeconds })
  }

  /** Whether both are the same edition of the same bundle: trust domain, authorities, number and hint. */
  equals(other: SpiffeBundle): boolean {
    assertOf(SpiffeBundle, other, 'the other')
    return (
      this.sequenceNumber === other.sequenceNumber &&
      this.refreshHintSeconds === other.refreshHintSeconds &&
      this.x509Bundle.equals(other.x509Bundle) &&
      this.jwtBundle.equals(other.jwtBundle)
    )
  }

  /**
   * The bundle as a document to publish. Say beside it whose it is.
   *
   * @throws `BundleError` `ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED` when the key of an X.509 authority is of
   * a type that JWK has no name for.
   */
  marshal(): string {
    return writeSpiffeBundle(this)
  }

  /** The X.509 authorities for their own trust domain, `undefined` for every other. */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.x509Bundle.getX509Bundle(trustDomain)
  }

  /** The bundle of X.509 authorities alone. */
  getX509Bundles(): Iterable<X509Bundle> {
    return [this.x509Bundle]
  }

  /** The JWT authorities for their own trust domain, `undefined` for every other. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.jwtBundle.getJWTBundle(trustDomain)
  }

  /** Never calls the listener: a bundle does not change. */
  onChange(_listener: () => void): () => void {
    return () => {}
  }

  /** Whose bundle it is, and which edition. */
  toString(): string {
    return `SpiffeBundle(${this.trustDomain}, sequence ${this.sequenceNumber ?? 'unknown'})`
  }

  /**
   * Whose bundle it is, which edition, and how many authorities it has. The sequence number is a string: JSON may not
   * keep it otherwise. {@link SpiffeBundle.marshal} gives the document.
   */
  toJSON(): {
    /** Its name. */
    readonly trustDomain: string
    /** In decimal: JSON has no integers of 64 bits. */
    readonly sequenceNumber: string | undefined
    /** How many. */
    readonly x509Authorities: number
    /** How many. */
    readonly jwtAuthorities: number
  } {
    return {
      trustDomain: this.trustDomain.name,
      sequenceNumber: this.sequenceNumber?.toString(),
      x509Authorities: x509AuthoritiesOf(this.x509Bundle).length,
      jwtAuthorities: this.jwtBundle.jwtAuthorities.size,
    }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }

  #with(parts: SpiffeBundleParts): SpiffeBundle {
    return new SpiffeBundle(this.trustDomain, { ...this, ...parts }, this.#skipped)
  }
}

function assertBelongs(trustDomain: TrustDomain, bundle: X509Bundle | JWTBundle): void {
  if (!bundle.trustDomain.equals(trustDomain)) {
    throw new TypeError(`authorities of ${bundle.trustDomain} are none of ${trustDomain}`)
  }
}

function assertNumbers(sequenceNumber: unknown, refreshHintSeconds: unknown): void {
  if (sequenceNumber !== undefined && !isSequenceNumber(sequenceNumber)) {
    throw new TypeError('a sequence number is a bigint from 0 to 2^64 - 1')
  }
  if (refreshHintSeconds !== undefined && !isRefreshHint(refreshHintSeconds)) {
    throw new TypeError('a refresh hint is a positive integer of seconds')
  }
}
