import { inspect } from 'node:util'
import { printable } from '../internal/printable.ts'
import { SpiffeIDError, undefinedIfRefused } from './error.ts'
// biome-ignore lint/suspicious/noImportCycles: an ID has a trust domain and a trust domain has an ID
import { type ParseOptions, SCHEME, SpiffeID } from './spiffe-id.ts'
import { assertText, foldASCII } from './text.ts'

const LONGEST_NAME = 255

/**
 * The name of a trust domain: what one set of authorities vouches for.
 *
 * An immutable value. Its name is one to 255 of `a-z`, `0-9`, `.`, `-` and `_`; that it looks like a DNS name
 * or an IP address, or does not, means nothing.
 *
 * @see SPIFFE-ID.md section 2.1, Trust Domain
 * @example
 * ```ts
 * import { TrustDomain } from 'js-spiffe'
 *
 * const trustDomain = TrustDomain.parse('acme.internal')
 * console.log(trustDomain.idString) // spiffe://acme.internal
 * ```
 */
export class TrustDomain {
  /** The bare name, such as `acme.internal`. */
  readonly name: string

  private constructor(name: string) {
    assertText(name, 'a trust domain')
    assertTrustDomainName(name, 0, name.length)
    this.name = name
    Object.freeze(this)
  }

  /**
   * Parses a name, or takes it from a whole SPIFFE ID.
   *
   * @param text - Such as `acme.internal`, `spiffe://acme.internal` or `spiffe://acme.internal/orders`.
   * @param options - Folding of case, for what people type.
   * @throws `SpiffeIDError` when it breaks a rule of the standard: one code per rule.
   * @throws `TypeError` when it is not a string.
   */
  static parse(text: string, options: ParseOptions = {}): TrustDomain {
    assertText(text, 'a trust domain')
    if (text.includes(':/')) return SpiffeID.parse(text, options).trustDomain
    return new TrustDomain(options.fold === true ? foldASCII(text) : text)
  }

  /**
   * Parses as {@link TrustDomain.parse} does, but gives `undefined` where that throws a `SpiffeIDError`.
   *
   * @throws `TypeError` when it is not a string.
   */
  static tryParse(text: string, options: ParseOptions = {}): TrustDomain | undefined {
    return undefinedIfRefused(() => TrustDomain.parse(text, options))
  }

  /**
   * Reads what {@link TrustDomain.toJSON} wrote, out of a JSON document whose types nobody has checked.
   *
   * @throws `SpiffeIDError` `ERR_SPIFFE_ID_NOT_TEXT` when it is not a string, else as
   * {@link TrustDomain.parse}.
   */
  static fromJSON(value: unknown): TrustDomain {
    if (typeof value === 'string') return TrustDomain.parse(value)
    throw new SpiffeIDError(
      'ERR_SPIFFE_ID_NOT_TEXT',
      `the trust domain is not a string but of type ${typeof value}`,
    )
  }

  /**
   * Takes a trust domain as it is and parses a string strictly: for functions that take either.
   *
   * @throws `SpiffeIDError` when the string breaks a rule of the standard.
   * @throws `TypeError` when it is neither.
   */
  static from(trustDomain: TrustDomain | string): TrustDomain {
    return trustDomain instanceof TrustDomain ? trustDomain : TrustDomain.parse(trustDomain)
  }

  /** The ID of the trust domain itself: the one without a path. */
  get id(): SpiffeID {
    return SpiffeID.fromPath(this, '')
  }

  /** The ID of the trust domain itself, as text. */
  get idString(): string {
    return SCHEME + this.name
  }

  /**
   * Whether both are the same trust domain.
   *
   * @param other - A string is parsed strictly.
   * @throws `SpiffeIDError` when the string breaks a rule of the standard.
   */
  equals(other: TrustDomain | string): boolean {
    return this.name === TrustDomain.from(other).name
  }

  /** Orders by name, byte by byte: negative, zero or positive, as `Array.prototype.sort` wants it. */
  compare(other: TrustDomain | string): number {
    const { name } = TrustDomain.from(other)
    if (this.name === name) return 0
    return this.name < name ? -1 : 1
  }

  /** The bare name. */
  toString(): string {
    return this.name
  }

  /** The bare name. */
  toJSON(): string {
    return this.name
  }

  /** @internal */
  [inspect.custom](): string {
    return `TrustDomain(${this.name})`
  }
}

/** Checks that a part of a text is the name of a trust domain (SPIFFE-ID §2.1 and §2.3). */
export function assertTrustDomainName(text: string, start: number, end: number): void {
  if (start === end) {
    throw new SpiffeIDError('ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY', `${printable(text)} names no trust domain`)
  }
  if (end - start > LONGEST_NAME) {
    throw new SpiffeIDError(
      'ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG',
      `the trust domain in ${printable(text)} has ${end - start} characters`,
    )
  }
  for (let at = start; at < end; at++) {
    if (!isNameCharacter(text.charCodeAt(at))) throw refusedCharacter(text, at)
  }
}

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || // a-z
    (code >= 0x30 && code <= 0x39) || // 0-9
    code === 0x2d || // -
    code === 0x2e || // .
    code === 0x5f // _
  )
}

/** Names the rule that a character of a trust domain breaks. */
function refusedCharacter(text: string, at: number): SpiffeIDError {
  const character = text.charAt(at)
  const detail = `${printable(text)} has ${printable(character)} in its trust domain, at index ${at}`
  if (character >= 'A' && character <= 'Z') return new SpiffeIDError('ERR_SPIFFE_ID_UPPER_CASE', detail)
  if (character === '@' || character === ':')
    return new SpiffeIDError('ERR_SPIFFE_ID_USERINFO_OR_PORT', detail)
  if (character === '?' || character === '#')
    return new SpiffeIDError('ERR_SPIFFE_ID_QUERY_OR_FRAGMENT', detail)
  if (character === '%') return new SpiffeIDError('ERR_SPIFFE_ID_PERCENT_ENCODING', detail)
  return new SpiffeIDError('ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER', detail)
}
