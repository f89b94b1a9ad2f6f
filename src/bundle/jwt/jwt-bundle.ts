import { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { assertDocument, assertOf } from '../assert.ts'
import type { DocumentContext } from '../document.ts'
import { unsupportedUse } from '../jwk.ts'
import { readJWKSet } from '../jwk-set.ts'
import { BUNDLE_LIMITS, LARGEST_BUNDLE_BYTES } from '../limits.ts'
import { type LoadOptions, readBundleFile } from '../read-file.ts'
import { readOrSkip, type SkippedElement } from '../skipped.ts'
import type { JWTBundleSource } from '../source.ts'
import { JWTAuthorities } from './jwt-authorities.ts'
import { type JWTAuthority, jwtAuthority } from './jwt-authority.ts'
import {
  type PendingJWTAuthority,
  readJWTAuthority,
  settledJWTAuthority,
  writeJWTAuthority,
} from './jwt-jwk.ts'

/** @internal The checked authorities of a bundle, for who verifies tokens. */
export let jwtAuthoritiesOf: (bundle: JWTBundle) => JWTAuthorities

/** @internal A bundle of what a document of another kind held. */
export let makeJWTBundle: (
  trustDomain: TrustDomain,
  pending: Iterable<PendingJWTAuthority>,
  skipped: readonly SkippedElement[],
) => JWTBundle

/**
 * The JWT authorities of one trust domain: the public keys that its JWT-SVIDs are signed with, by `kid`. An
 * immutable value, and a bundle source itself.
 *
 * A bundle without authorities is valid and trusts nothing. A key is RSA with 2048 to 16384 bits and an odd
 * exponent of at least 3, or on P-256, P-384 or P-521: what the algorithms of JWT-SVID §2.1 sign with.
 *
 * @see JWT-SVID §6
 * @example
 * Trust the keys of a JWK Set
 * ```ts
 * import { JWTBundle } from 'js-spiffe'
 *
 * const bundle = JWTBundle.parse('acme.internal', '{"keys":[{"kty":"EC"}]}')
 * console.log(bundle.isEmpty) // true
 * console.log(bundle.skipped[0]?.error.code) // ERR_SPIFFE_JWK_KID_MISSING
 * ```
 */
export class JWTBundle implements JWTBundleSource {
  /** Whose authorities these are. */
  readonly trustDomain: TrustDomain

  readonly #authorities: JWTAuthorities
  readonly #skipped: readonly SkippedElement[]

  static {
    jwtAuthoritiesOf = (bundle) => bundle.#authorities
    makeJWTBundle = (trustDomain, pending, skipped) =>
      new JWTBundle(trustDomain, JWTAuthorities.from(pending), skipped)
  }

  private constructor(
    trustDomain: TrustDomain,
    authorities: JWTAuthorities,
    skipped: readonly SkippedElement[] = [],
  ) {
    this.trustDomain = trustDomain
    this.#authorities = authorities
    this.#skipped = skipped
    Object.freeze(this)
  }

  /**
   * Reads a JWK Set as the Workload API sends it.
   *
   * It is a plain JWK Set while none of its keys has `use`; as soon as one has, only the keys with the `use`
   * `jwt-svid` count. A key that cannot be used, or has no `kid`, verifies nothing and never costs the others:
   * {@link JWTBundle.skipped} tells of it. For a SPIFFE bundle document, where every key must say its `use`,
   * there is `SpiffeBundle`.
   *
   * @param trustDomain - Whose authorities these are: a JWK Set does not say.
   * @param jwks - The JSON text, of at most 16 MiB. No bytes at all are a bundle that trusts nothing.
   * @throws `BundleError` `ERR_SPIFFE_JWT_BUNDLE_MALFORMED` when it is no JWK Set,
   * `ERR_SPIFFE_BUNDLE_TOO_LARGE` when it is too large, has more than 10,000 keys or 320,000 values.
   * @see Workload API §6.2.2 and RFC 7517 §5
   */
  static parse(trustDomain: TrustDomain | string, jwks: string | Uint8Array): JWTBundle {
    const owner = TrustDomain.from(trustDomain)
    assertDocument(jwks)
    if (jwks.length === 0) return new JWTBundle(owner, JWTAuthorities.from([]))
    const { jwks: keys, skipped: notKeys } = readJWKSet(jwks, documentOf(owner))
    const skipped = [...notKeys]
    const pending: PendingJWTAuthority[] = []
    const isPlain = keys.every(({ members }) => !Object.hasOwn(members, 'use'))
    for (const jwk of keys) {
      readOrSkip(jwk.at, skipped, () => {
        if (!isPlain && jwk.members['use'] !== 'jwt-svid') throw unsupportedUse(jwk)
        pending.push(readJWTAuthority(jwk))
      })
    }
    return makeJWTBundle(owner, pending, skipped)
  }

  /**
   * Takes public keys with their `kid`; of two with one `kid`, the later one.
   *
   * @param trustDomain - Whose authorities these are.
   * @param authorities - Pairs of `kid` and public key; a `Map` is that.
   * @throws `BundleError` `ERR_SPIFFE_JWK_KID_MISSING`, `ERR_SPIFFE_JWK_NOT_PUBLIC`,
   * `ERR_SPIFFE_JWK_KEY_TYPE_UNSUPPORTED` or `ERR_SPIFFE_JWK_WEAK_KEY` when a key is unfit.
   */
  static fromJWTAuthorities(
    trustDomain: TrustDomain | string,
    authorities: Iterable<readonly [kid: string, key: KeyObject]>,
  ): JWTBundle {
    const byKid = new Map<string, JWTAuthority>()
    for (const [kid, key] of authorities) byKid.set(kid, checkedAuthority(kid, key))
    return makeJWTBundle(TrustDomain.from(trustDomain), [...byKid.values()].map(settledJWTAuthority), [])
  }

  /**
   * Reads a file that holds a JWK Set, as {@link JWTBundle.parse} does; but a file without bytes is no bundle.
   *
   * @param trustDomain - Whose authorities these are.
   * @param path - The file, of at most 16 MiB.
   * @param options - A signal that ends the reading.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_FILE_UNREADABLE` when the file cannot be read or is empty, and what
   * {@link JWTBundle.parse} throws.
   */
  static async load(
    trustDomain: TrustDomain | string,
    path: string | URL,
    options: LoadOptions = {},
  ): Promise<JWTBundle> {
    const owner = TrustDomain.from(trustDomain)
    return JWTBundle.parse(owner, await readBundleFile(path, LARGEST_BUNDLE_BYTES, options))
  }

  /** The authorities by `kid`: a map of the caller's own. */
  get jwtAuthorities(): ReadonlyMap<string, KeyObject> {
    return new Map([...this.#authorities].map(({ kid, key }) => [kid, key]))
  }

  /** What was passed over in the document that this bundle goes back to. To tell, all of its keys are made. */
  get skipped(): readonly SkippedElement[] {
    return [...this.#skipped, ...this.#authorities.skipped]
  }

  /** Whether there are no authorities: nothing of the trust domain can be trusted. */
  get isEmpty(): boolean {
    return this.#authorities[Symbol.iterator]().next().done === true
  }

  /** The public key of a `kid`, or `undefined`. It is compared as it is: a `kid` has no other spelling. */
  findJWTAuthority(kid: string): KeyObject | undefined {
    return this.#authorities.get(kid)?.key
  }

  /** Whether there is an authority of a `kid`. */
  has(kid: string): boolean {
    return this.#authorities.get(kid) !== undefined
  }

  /**
   * The bundle with this authority, in the place of the one that had its `kid`.
   *
   * @throws `BundleError` as {@link JWTBundle.fromJWTAuthorities} does.
   */
  withJWTAuthority(kid: string, key: KeyObject): JWTBundle {
    return new JWTBundle(this.trustDomain, this.#authorities.with(checkedAuthority(kid, key)), this.#skipped)
  }

  /** The bundle without the authority of a `kid`: what it signed is not trusted any more. */
  withoutJWTAuthority(kid: string): JWTBundle {
    return new JWTBundle(this.trustDomain, this.#authorities.without(kid), this.#skipped)
  }

  /** Whether both are of one trust domain and hold the same keys under the same `kid`, in whatever order. */
  equals(other: JWTBundle): boolean {
    assertOf(JWTBundle, other, 'the other')
    return this.trustDomain.equals(other.trustDomain) && this.#authorities.equals(other.#authorities)
  }

  /** The authorities as a JWK Set, each with `use` and `kid` (JWT-SVID §6.1). */
  marshal(): string {
    return JSON.stringify({ keys: [...this.#authorities].map(writeJWTAuthority) })
  }

  /** This bundle for its own trust domain, `undefined` for every other. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.trustDomain.equals(trustDomain) ? this : undefined
  }

  /** Whose bundle it is, and how many authorities it has. To tell, all keys are made. */
  toString(): string {
    return `JWTBundle(${this.trustDomain}, ${this.jwtAuthorities.size} authorities)`
  }

  /** Whose bundle it is, and how many authorities it has; {@link JWTBundle.marshal} gives the document. */
  toJSON(): {
    /** Its name. */
    readonly trustDomain: string
    /** How many. */
    readonly authorities: number
  } {
    return { trustDomain: this.trustDomain.name, authorities: this.jwtAuthorities.size }
  }

  /** @internal */
  [inspect.custom](): string {
    return `JWTBundle(${this.trustDomain}, kid: ${inspect([...this.jwtAuthorities.keys()])})`
  }
}

/** Checks what a caller in JavaScript may get wrong, before the key is judged. */
function checkedAuthority(kid: string, key: KeyObject): JWTAuthority {
  if (typeof kid !== 'string') throw new TypeError('a kid is a string')
  if (!(key instanceof KeyObject)) throw new TypeError('a JWT authority is a KeyObject of node:crypto')
  return jwtAuthority(kid, key)
}

function documentOf(trustDomain: TrustDomain): DocumentContext {
  return {
    name: `the JWK Set of trust domain ${trustDomain}`,
    code: 'ERR_SPIFFE_JWT_BUNDLE_MALFORMED',
    spiffeID: trustDomain.idString,
    limits: BUNDLE_LIMITS,
  }
}
