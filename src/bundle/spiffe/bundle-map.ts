import { inspect } from 'node:util'
import { membersOf } from '../../internal/json.ts'
import { printable } from '../../internal/printable.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { assertOf } from '../assert.ts'
import { type DocumentContext, readDocument, refusedDocument } from '../document.ts'
import { BundleError } from '../error.ts'
import { LARGEST_MAP_BYTES, MAP_LIMITS } from '../limits.ts'
import { type LoadOptions, readBundleFile } from '../read-file.ts'
import { readOrSkip, type SkippedElement } from '../skipped.ts'
import { SpiffeBundle } from './spiffe-bundle.ts'
import { SpiffeBundleSet } from './spiffe-bundle-set.ts'

const DOCUMENT: DocumentContext = {
  name: 'the SPIFFE bundle map',
  code: 'ERR_SPIFFE_BUNDLE_MAP_MALFORMED',
  limits: MAP_LIMITS,
}

/**
 * A SPIFFE bundle map: one document with the bundles of several trust domains, by their names. An immutable
 * value.
 *
 * A map is the state of the world: a trust domain that is not in it is not trusted. Take it whole in the place
 * of the one before.
 *
 * @see SPIFFE Trust Domain and Bundle §5
 * @example
 * Trust what is in a bundle map
 * ```ts
 * import { BundleMap } from 'js-spiffe'
 *
 * const map = BundleMap.parse('{"trust_domains":{"partner.example":{"keys":[]},"spiffe://acme":{"keys":[]}}}')
 * console.log(map.bundles.has('partner.example')) // true
 * console.log(map.skipped[0]?.at) // spiffe://acme: a SPIFFE ID is no trust domain name
 * ```
 */
export class BundleMap {
  /** The bundles of the map. */
  readonly bundles: SpiffeBundleSet
  /** The entries that were passed over in the document that this map was read from. */
  readonly skipped: readonly SkippedElement[]

  private constructor(bundles: SpiffeBundleSet, skipped: readonly SkippedElement[]) {
    this.bundles = bundles
    this.skipped = Object.freeze(skipped)
    Object.freeze(this)
  }

  /**
   * A map of these bundles.
   *
   * @param bundles - At most one for each trust domain.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when two are of one trust domain.
   * @throws `TypeError` when one is a bundle of another kind, or none.
   */
  static from(bundles: Iterable<SpiffeBundle>): BundleMap {
    return new BundleMap(SpiffeBundleSet.from(Array.from(bundles, withoutRefreshHint)), [])
  }

  /**
   * Reads a SPIFFE bundle map.
   *
   * A bundle that cannot be read, or whose name is no trust domain name, costs itself alone and is told of in
   * {@link BundleMap.skipped}. The refresh hints of the bundles mean nothing here (§5.1.1) and are dropped.
   *
   * @param document - The JSON text, of at most 64 MiB.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_MAP_MALFORMED` when it is no JSON object with an object
   * `trust_domains`, `ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN` when that names a trust domain twice,
   * `ERR_SPIFFE_BUNDLE_TOO_LARGE` when it is too large, has more than 100,000 trust domains or 2,000,000 values.
   * @see SPIFFE Trust Domain and Bundle §5.1
   */
  static parse(document: string | Uint8Array): BundleMap {
    const text = readDocument(document, DOCUMENT).members.get('trust_domains')
    if (!text?.startsWith('{')) throw refusedDocument(DOCUMENT, 'has no object in its member trust_domains')
    const entries = membersOf(text)
    assertNamedOnce(entries.map(([name]) => name))
    const bundles: SpiffeBundle[] = []
    const skipped: SkippedElement[] = []
    for (const [name, bundle] of entries) {
      readOrSkip(name, skipped, () => bundles.push(SpiffeBundle.parse(trustDomainOf(name), bundle)))
    }
    return new BundleMap(SpiffeBundleSet.from(bundles.map(withoutRefreshHint)), skipped)
  }

  /**
   * Reads a file that holds a SPIFFE bundle map, as {@link BundleMap.parse} does.
   *
   * @param path - The file, of at most 64 MiB.
   * @param options - A signal that ends the reading.
   * @throws `BundleError` `ERR_SPIFFE_BUNDLE_FILE_UNREADABLE` when the file cannot be read or is empty, and what
   * {@link BundleMap.parse} throws.
   */
  static async load(path: string | URL, options: LoadOptions = {}): Promise<BundleMap> {
    return BundleMap.parse(await readBundleFile(path, LARGEST_MAP_BYTES, options))
  }

  /** Whether both hold the same bundles. */
  equals(other: BundleMap): boolean {
    assertOf(BundleMap, other, 'the other')
    return this.bundles.equals(other.bundles)
  }

  /** The map as a document to publish. */
  marshal(): string {
    const entries = Array.from(
      this.bundles,
      (bundle) => `${JSON.stringify(bundle.trustDomain)}:${bundle.marshal()}`,
    )
    return `{"trust_domains":{${entries.join()}}}`
  }

  /** How many trust domains there are in the map. */
  toString(): string {
    return `BundleMap(${this.bundles.size} trust domains)`
  }

  /** How many trust domains there are in the map; {@link BundleMap.marshal} gives the document. */
  toJSON(): Readonly<Record<'trustDomains', number>> {
    return { trustDomains: this.bundles.size }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}

/** Parsers differ in which of two members of one name they take, so such a map is refused (§5.1.1). */
function assertNamedOnce(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) {
      throw new BundleError(
        'ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN',
        `the SPIFFE bundle map names ${printable(name)} twice`,
      )
    }
    seen.add(name)
  }
}

/** The names are those of trust domains, not their SPIFFE IDs (§5.1.1). */
function trustDomainOf(name: string): TrustDomain {
  const trustDomain = TrustDomain.tryParse(name)
  if (trustDomain?.name !== name) {
    throw new BundleError('ERR_SPIFFE_BUNDLE_MAP_MALFORMED', `${printable(name)} is no trust domain name`)
  }
  return trustDomain
}

function withoutRefreshHint(bundle: SpiffeBundle): SpiffeBundle {
  assertOf(SpiffeBundle, bundle, 'each bundle of the map')
  return bundle.refreshHintSeconds === undefined ? bundle : bundle.withRefreshHint(undefined)
}
