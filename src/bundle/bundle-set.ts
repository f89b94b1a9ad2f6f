import { inspect } from 'node:util'
import { printable } from '../internal/printable.ts'
import { TrustDomain } from '../spiffeid/trust-domain.ts'
import { assertOf, type Kind } from './assert.ts'
import { BundleError } from './error.ts'

/** What a set needs to know of its bundles. */
interface Bundle<Self> {
  readonly trustDomain: TrustDomain
  equals(other: Self): boolean
}

/**
 * Bundles of one kind, at most one for each trust domain. An immutable value.
 *
 * Bundles of different trust domains are never merged (SPIFFE Federation §4.2): whoever asks names the
 * trust domain, and gets the authorities of that one alone.
 */
export abstract class BundleSet<B extends Bundle<B>, Self extends BundleSet<B, Self>> {
  readonly #kind: Kind<B>
  readonly #bundles: ReadonlyMap<string, B>
  #sorted: readonly B[] | undefined

  /** @internal */
  protected constructor(kind: Kind<B>, bundles: Iterable<B>) {
    this.#kind = kind
    this.#bundles = byTrustDomain(kind, bundles)
    Object.freeze(this)
  }

  /** How many trust domains there are in the set. */
  get size(): number {
    return this.#bundles.size
  }

  /**
   * The bundle of a trust domain.
   *
   * @param trustDomain - Whose bundle to look up.
   * @returns The bundle, or `undefined` where the set has none for that trust domain.
   * @throws `SpiffeIDError` when a string is given that is no trust domain.
   */
  get(trustDomain: TrustDomain | string): B | undefined {
    return this.#bundles.get(TrustDomain.from(trustDomain).name)
  }

  /**
   * Whether there is a bundle for a trust domain, be it an empty one.
   *
   * @param trustDomain - Whose bundle to look up.
   * @throws `SpiffeIDError` when a string is given that is no trust domain.
   */
  has(trustDomain: TrustDomain | string): boolean {
    return this.#bundles.has(TrustDomain.from(trustDomain).name)
  }

  /**
   * The set with this bundle in the place of the one its trust domain had.
   *
   * @param bundle - The bundle to put in.
   * @throws `TypeError` when it is a bundle of another kind, or none.
   */
  withBundle(bundle: B): Self {
    assertOf(this.#kind, bundle, 'the bundle')
    return this.derive(new Map(this.#bundles).set(bundle.trustDomain.name, bundle).values())
  }

  /**
   * The set without the bundle of a trust domain: nothing of that trust domain is trusted any more.
   *
   * @param trustDomain - Whose bundle to take out.
   * @throws `SpiffeIDError` when a string is given that is no trust domain.
   */
  withoutBundle(trustDomain: TrustDomain | string): Self {
    const bundles = new Map(this.#bundles)
    bundles.delete(TrustDomain.from(trustDomain).name)
    return this.derive(bundles.values())
  }

  /**
   * Whether both sets trust the same authorities of the same trust domains.
   *
   * @param other - The set to compare with.
   * @throws `TypeError` when it is a set of another kind, or none.
   */
  equals(other: Self): boolean {
    assertOf(this.constructor, other, 'the other')
    if (this.size !== other.size) return false
    for (const bundle of this.#bundles.values()) {
      const theirs = other.get(bundle.trustDomain)
      if (theirs === undefined || !bundle.equals(theirs)) return false
    }
    return true
  }

  /** The bundles, sorted by trust domain. */
  [Symbol.iterator](): Iterator<B> {
    this.#sorted ??= [...this.#bundles.values()].sort((a, b) => a.trustDomain.compare(b.trustDomain))
    return this.#sorted.values()
  }

  /** How many trust domains there are in the set. */
  toString(): string {
    return `${this.constructor.name}(${this.size} trust domains)`
  }

  /** How many trust domains there are in the set; `marshal` of a bundle gives the document. */
  toJSON(): Readonly<Record<'trustDomains', number>> {
    return { trustDomains: this.size }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }

  /** @internal */
  protected abstract derive(bundles: Iterable<B>): Self
}

/**
 * Bundles by the name of their trust domain.
 *
 * Two bundles for one trust domain are refused: neither may silently take the other's place.
 */
function byTrustDomain<B extends Bundle<B>>(kind: Kind<B>, bundles: Iterable<B>): ReadonlyMap<string, B> {
  const byName = new Map<string, B>()
  for (const bundle of bundles) {
    assertOf(kind, bundle, 'each bundle of the set')
    const { name, idString } = bundle.trustDomain
    if (byName.has(name)) {
      throw new BundleError(
        'ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN',
        `two bundles were given for trust domain ${printable(name)}`,
        { spiffeID: idString },
      )
    }
    byName.set(name, bundle)
  }
  return byName
}
