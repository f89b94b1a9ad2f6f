import { inspect } from 'node:util'
import { printable } from '../internal/printable.ts'
import { SpiffeIDError, undefinedIfRefused } from './error.ts'
import { assertPathFrom, joinPathSegments, validatePath } from './path.ts'
import { assertText, foldASCII } from './text.ts'
// biome-ignore lint/suspicious/noImportCycles: an ID has a trust domain and a trust domain has an ID
import { assertTrustDomainName, TrustDomain } from './trust-domain.ts'

/** What every SPIFFE ID starts with. */
export const SCHEME = 'spiffe://'

const LONGEST_ID = 2048

/**
 * SPIFFE-ID §2.1 and §2.2 as one expression. It takes exactly what the rules take, in a third of the time; of what
 * it does not take, the rules say why.
 */
const WELL_FORMED = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/

/** How text is read as a SPIFFE ID or a trust domain. */
export interface ParseOptions {
  /**
   * Take upper-case ASCII letters in scheme and trust domain and lower them, for what people type into
   * configuration. Never for what a peer presents: its ID is refused unless it is in lower case already.
   * The path is left alone, where case matters.
   *
   * @default false
   */
  readonly fold?: boolean | undefined
}

/**
 * A SPIFFE ID: the name of a workload within its trust domain.
 *
 * An immutable value that is valid by construction: scheme `spiffe`, a trust domain of up to 255 bytes, a path
 * without empty or dot segments, 2048 bytes in all, and nothing else: no user, port, query, fragment or
 * percent-encoding. Every way to make one enforces all of it.
 *
 * @see SPIFFE-ID.md section 2, SPIFFE Identity
 * @example
 * ```ts
 * import { SpiffeID } from 'js-spiffe'
 *
 * const id = SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/orders')
 * console.log(id.trustDomain.name, id.segments) // acme.internal [ 'ns', 'prod', 'sa', 'orders' ]
 * console.log(id.memberOf('acme.internal')) // true
 * ```
 */
export class SpiffeID {
  /** The whole ID as text, such as `spiffe://acme.internal/orders`. */
  readonly uri: string

  readonly #pathStart: number
  #trustDomain: TrustDomain | undefined

  private constructor(text: string) {
    assertText(text, 'a SPIFFE ID')
    if (text.length > LONGEST_ID) {
      throw new SpiffeIDError('ERR_SPIFFE_ID_TOO_LONG', `${printable(text)} has ${text.length} characters`)
    }
    this.#pathStart = pathStartIn(text)
    if (!WELL_FORMED.test(text)) assertWellFormed(text, this.#pathStart)
    this.uri = text
    Object.freeze(this)
  }

  /**
   * Parses a SPIFFE ID to the letter.
   *
   * @param text - Such as `spiffe://acme.internal/orders`.
   * @param options - Folding of case, for what people type.
   * @throws `SpiffeIDError` when it breaks a rule of the standard: one code per rule.
   * @throws `TypeError` when it is not a string.
   * @see SPIFFE-ID.md section 2, SPIFFE Identity
   */
  static parse(text: string, options: ParseOptions = {}): SpiffeID {
    return new SpiffeID(options.fold === true ? folded(text) : text)
  }

  /**
   * Parses as {@link SpiffeID.parse} does, but gives `undefined` where that throws a `SpiffeIDError`.
   *
   * @throws `TypeError` when it is not a string.
   */
  static tryParse(text: string, options: ParseOptions = {}): SpiffeID | undefined {
    return undefinedIfRefused(() => SpiffeID.parse(text, options))
  }

  /**
   * Reads what {@link SpiffeID.toJSON} wrote, out of a JSON document whose types nobody has checked.
   *
   * @throws `SpiffeIDError` `ERR_SPIFFE_ID_NOT_TEXT` when it is not a string, else as {@link SpiffeID.parse}.
   */
  static fromJSON(value: unknown): SpiffeID {
    if (typeof value === 'string') return SpiffeID.parse(value)
    throw new SpiffeIDError(
      'ERR_SPIFFE_ID_NOT_TEXT',
      `the SPIFFE ID is not a string but of type ${typeof value}`,
    )
  }

  /**
   * Takes an ID as it is and parses a string strictly: for functions that take either.
   *
   * @throws `SpiffeIDError` when the string breaks a rule of the standard.
   * @throws `TypeError` when it is neither.
   */
  static from(id: SpiffeID | string): SpiffeID {
    return id instanceof SpiffeID ? id : SpiffeID.parse(id)
  }

  /**
   * The ID of a trust domain and a path.
   *
   * @param trustDomain - A string is parsed strictly.
   * @param path - With a leading slash, or empty for the ID of the trust domain itself.
   * @throws `SpiffeIDError` when a part or the whole breaks a rule.
   */
  static fromPath(trustDomain: TrustDomain | string, path: string): SpiffeID {
    validatePath(path)
    return new SpiffeID(TrustDomain.from(trustDomain).idString + path)
  }

  /**
   * The ID of a trust domain and the segments of a path.
   *
   * @param trustDomain - A string is parsed strictly.
   * @param segments - Such as `'ns', 'prod'`; none gives the ID of the trust domain itself.
   * @throws `SpiffeIDError` when a part or the whole breaks a rule; a slash in a segment does.
   */
  static fromSegments(trustDomain: TrustDomain | string, ...segments: readonly string[]): SpiffeID {
    return SpiffeID.fromPath(trustDomain, joinPathSegments(...segments))
  }

  /**
   * The ID that a `URL` object holds.
   *
   * A `URL` has already resolved dot segments, dropped an empty user and lower-cased the scheme: where the
   * original text is at hand, and always for what a peer presents, use {@link SpiffeID.parse}.
   *
   * @throws `SpiffeIDError` when it breaks a rule of the standard.
   */
  static fromURL(url: URL): SpiffeID {
    if (!(url instanceof URL)) throw new TypeError('a URL object is needed')
    return SpiffeID.parse(url.href)
  }

  /** The trust domain, which is who vouches for the ID. */
  get trustDomain(): TrustDomain {
    this.#trustDomain ??= TrustDomain.parse(this.uri.slice(SCHEME.length, this.#pathStart))
    return this.#trustDomain
  }

  /** The path with its leading slash; empty in the ID of a trust domain itself. */
  get path(): string {
    return this.uri.slice(this.#pathStart)
  }

  /** The segments of the path; none in the ID of a trust domain itself. */
  get segments(): readonly string[] {
    return this.path === '' ? [] : this.path.slice(1).split('/')
  }

  /**
   * Whether both are the same ID.
   *
   * @param other - A string is parsed strictly.
   * @throws `SpiffeIDError` when the string breaks a rule of the standard.
   */
  equals(other: SpiffeID | string): boolean {
    return this.uri === SpiffeID.from(other).uri
  }

  /**
   * Whether the ID belongs to the trust domain.
   *
   * @param trustDomain - A string is parsed strictly.
   * @throws `SpiffeIDError` when the string breaks a rule of the standard.
   */
  memberOf(trustDomain: TrustDomain | string): boolean {
    return this.trustDomain.equals(trustDomain)
  }

  /**
   * The ID with a path added behind its own.
   *
   * @param path - With a leading slash; an empty one adds nothing.
   * @throws `SpiffeIDError` when the added path or the whole breaks a rule.
   */
  appendPath(path: string): SpiffeID {
    validatePath(path)
    return new SpiffeID(this.uri + path)
  }

  /** The ID with segments added behind its path; as {@link SpiffeID.appendPath}. */
  appendSegments(...segments: readonly string[]): SpiffeID {
    return this.appendPath(joinPathSegments(...segments))
  }

  /** The ID of the same trust domain with another path; as {@link SpiffeID.fromPath}. */
  replacePath(path: string): SpiffeID {
    return SpiffeID.fromPath(this.trustDomain, path)
  }

  /** The ID of the same trust domain with other segments; as {@link SpiffeID.fromSegments}. */
  replaceSegments(...segments: readonly string[]): SpiffeID {
    return SpiffeID.fromSegments(this.trustDomain, ...segments)
  }

  /** The whole ID as text. */
  toString(): string {
    return this.uri
  }

  /** The whole ID as text. */
  toJSON(): string {
    return this.uri
  }

  /** The ID as a new `URL` object. */
  toURL(): URL {
    return new URL(this.uri)
  }

  /** @internal */
  [inspect.custom](): string {
    return `SpiffeID(${this.uri})`
  }
}

/** Where the path begins: at the end of a text without one. */
function pathStartIn(text: string): number {
  const slash = text.indexOf('/', SCHEME.length)
  return slash === -1 ? text.length : slash
}

/** Checks all but the length, rule by rule. */
function assertWellFormed(text: string, pathStart: number): void {
  if (!text.startsWith(SCHEME)) throw refusedScheme(text)
  assertTrustDomainName(text, SCHEME.length, pathStart)
  assertPathFrom(text, pathStart)
}

/** Names the rule that a text without our scheme breaks. */
function refusedScheme(text: string): SpiffeIDError {
  if (text === '') return new SpiffeIDError('ERR_SPIFFE_ID_EMPTY', 'the SPIFFE ID is empty')
  if (foldASCII(text.slice(0, SCHEME.length)) === SCHEME) {
    return new SpiffeIDError('ERR_SPIFFE_ID_UPPER_CASE', `${printable(text)} has upper case in its scheme`)
  }
  return new SpiffeIDError('ERR_SPIFFE_ID_SCHEME', `${printable(text)} does not start with "${SCHEME}"`)
}

/** Folds scheme and trust domain, and leaves the path alone. */
function folded(text: string): string {
  assertText(text, 'a SPIFFE ID')
  const pathStart = pathStartIn(text)
  return foldASCII(text.slice(0, pathStart)) + text.slice(pathStart)
}
