import { inspect } from 'node:util'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { Claims } from './claims.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { JWTSVIDHeader } from './header.ts'
import { dateOf } from './numeric-date.ts'

/** What a JWT-SVID is made of. */
interface JWTSVIDParts {
  readonly token: string
  readonly header: JWTSVIDHeader
  readonly claims: Claims
  readonly hint: string | undefined
}

/**
 * Makes a JWT-SVID, for the two functions of this folder that check what it is made of.
 *
 * @internal
 */
export let makeJWTSVID: (parts: JWTSVIDParts) => JWTSVID

/**
 * A JWT-SVID: a SPIFFE ID in a signed token, addressed to an audience.
 *
 * It comes out of `parseAndValidate`, which checks everything, or out of `parseInsecure`, which checks
 * everything but the signature and is for tokens that this workload was given itself. An immutable value.
 *
 * A token is a bearer secret. {@link JWTSVID.marshal} alone gives it out; `util.inspect`, `JSON.stringify` and
 * template strings show the ID and the expiry.
 *
 * @see JWT-SVID §2, JOSE Header, and §3, JWT Claims
 * @example
 * Call a service
 * ```ts
 * import { JWTSource } from 'js-spiffe'
 *
 * const source = await JWTSource.create()
 * const svid = await source.fetchJWTSVID({ audience: 'orders' })
 * const headers = { authorization: `Bearer ${svid.marshal()}` }
 * ```
 */
export class JWTSVID {
  readonly #parts: JWTSVIDParts

  static {
    makeJWTSVID = (parts) => new JWTSVID(parts)
  }

  // Private, and behind getters: immutable without the cost of freezing what few look at.
  private constructor(parts: JWTSVIDParts) {
    this.#parts = parts
  }

  /** Whose token it is: the `sub` claim (JWT-SVID §3.1). */
  get id(): SpiffeID {
    return this.#parts.claims.id
  }

  /** Whom it is for: the `aud` claim, as a list also where the token holds one string (JWT-SVID §3.2). */
  get audience(): readonly string[] {
    return Object.freeze(this.#parts.claims.audience)
  }

  /** What the JOSE header says (JWT-SVID §2). */
  get header(): JWTSVIDHeader {
    return this.#parts.header
  }

  /** What the operator calls this SVID, where the Workload API said so. */
  get hint(): string | undefined {
    return this.#parts.hint
  }

  /** When it expires: the `exp` claim (JWT-SVID §3.3). */
  get expiresAt(): Date {
    return dateOf(this.#parts.claims.expiresAtSeconds)
  }

  /** From when it is valid: the `nbf` claim (RFC 7519 §4.1.5). */
  get notBefore(): Date | undefined {
    const { notBeforeSeconds } = this.#parts.claims
    return notBeforeSeconds === undefined ? undefined : dateOf(notBeforeSeconds)
  }

  /** When it was issued: the `iat` claim, which limits nothing (RFC 7519 §4.1.6). */
  get issuedAt(): Date | undefined {
    const { issuedAtSeconds } = this.#parts.claims
    return issuedAtSeconds === undefined ? undefined : dateOf(issuedAtSeconds)
  }

  /**
   * All claims as `JSON.parse` gives them, frozen. A claim means what the trust domain of {@link JWTSVID.id}
   * means by it, and nothing in the mouth of another (SPIFFE-ID §4.1).
   */
  get claims(): Readonly<Record<string, unknown>> {
    return deepFreeze(this.#parts.claims.json)
  }

  /** The claims as the text that was signed, for what plain JSON does not keep, such as large integers. */
  get payload(): string {
    return this.#parts.claims.text
  }

  /** The token in its compact form. Send it to its audience, encrypted, and write it nowhere. */
  marshal(): string {
    return this.#parts.token
  }

  /** The ID and the expiry. */
  toString(): string {
    return `JWTSVID(${this.id}, expires ${this.expiresAt.toISOString()})`
  }

  /** The ID and the expiry. */
  toJSON(): Readonly<Record<'id' | 'expiresAt', string>> {
    return { id: this.id.uri, expiresAt: this.expiresAt.toISOString() }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}
