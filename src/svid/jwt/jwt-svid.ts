import { inspect } from 'node:util'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { JWTSVIDAlgorithm } from './algorithms.ts'

/** A JSON value as it comes out of a token: frozen all the way down. */
export type JSONValue = null | boolean | number | string | readonly JSONValue[] | JSONObject

/** A JSON object as it comes out of a token. */
export interface JSONObject {
  readonly [member: string]: JSONValue
}

/** What the JOSE header of a JWT-SVID says. Nothing else in a header is ever acted on. */
export interface JWTSVIDHeader {
  /** The signature algorithm. */
  readonly alg: JWTSVIDAlgorithm
  /** Which authority of the bundle signed, where the issuer says so. */
  readonly kid: string | undefined
  /** The media type, where the issuer says so. */
  readonly typ: 'JWT' | 'JOSE' | undefined
}

/** @internal What a JWT-SVID is made of, once every check that applies has passed. */
export interface JWTSVIDFacts {
  readonly token: string
  readonly header: JWTSVIDHeader
  readonly id: SpiffeID
  readonly audience: readonly string[]
  readonly expiresAtSeconds: number
  readonly notBeforeSeconds: number | undefined
  readonly issuedAtSeconds: number | undefined
  readonly claims: JSONObject
  readonly payload: string
  readonly hint: string | undefined
}

/** @internal Makes a JWT-SVID. For the functions of this folder alone: they are what checks the facts. */
export let makeJWTSVID: (facts: JWTSVIDFacts) => JWTSVID

/**
 * A JWT-SVID: a SPIFFE ID in a signed token, addressed to an audience.
 *
 * Values come out of `parseAndValidate`, which checks everything, or out of `parseInsecure`, which checks
 * everything but the signature and is for tokens that this workload was given itself. They are immutable.
 * A token is a bearer secret: {@link JWTSVID.marshal} alone shows it; `util.inspect`, `JSON.stringify` and
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
 * await fetch('https://orders.acme.internal/', { headers: { authorization: `Bearer ${svid.marshal()}` } })
 * ```
 */
export class JWTSVID {
  readonly #facts: JWTSVIDFacts

  static {
    makeJWTSVID = (facts) => new JWTSVID(facts)
  }

  private constructor(facts: JWTSVIDFacts) {
    this.#facts = facts
  }

  /** Whose token it is: the `sub` claim (JWT-SVID §3.1). */
  get id(): SpiffeID {
    return this.#facts.id
  }

  /** Whom it is for: the `aud` claim, as a list also where the token holds one string (JWT-SVID §3.2). */
  get audience(): readonly string[] {
    return this.#facts.audience
  }

  /** When it expires: the `exp` claim (JWT-SVID §3.3). */
  get expiresAt(): Date {
    return new Date(this.#facts.expiresAtSeconds * 1000)
  }

  /** When it begins to be valid: the `nbf` claim (RFC 7519 §4.1.5). */
  get notBefore(): Date | undefined {
    const seconds = this.#facts.notBeforeSeconds
    return seconds === undefined ? undefined : new Date(seconds * 1000)
  }

  /** When it was issued: the `iat` claim, which limits nothing (RFC 7519 §4.1.6). */
  get issuedAt(): Date | undefined {
    const seconds = this.#facts.issuedAtSeconds
    return seconds === undefined ? undefined : new Date(seconds * 1000)
  }

  /** What the JOSE header said. */
  get header(): JWTSVIDHeader {
    return this.#facts.header
  }

  /** All claims as plain JSON, frozen. Their meaning is the one that the issuing trust domain gives them (SPIFFE-ID §4.1). */
  get claims(): JSONObject {
    return this.#facts.claims
  }

  /** The claims as the JSON text that was signed, for what plain JSON cannot keep, such as large integers. */
  get payload(): string {
    return this.#facts.payload
  }

  /** What the operator calls this SVID, where the Workload API said so. */
  get hint(): string | undefined {
    return this.#facts.hint
  }

  /**
   * The token in its compact form. It is a bearer secret: send it to its audience over an encrypted
   * connection and write it nowhere else.
   */
  marshal(): string {
    return this.#facts.token
  }

  /** The ID and the expiry, never the token. */
  toString(): string {
    return `JWTSVID(${this.id}, expires ${this.expiresAt.toISOString()})`
  }

  /** The ID and the expiry, never the token. */
  toJSON(): { id: string; expiresAt: string } {
    return { id: this.id.toString(), expiresAt: this.expiresAt.toISOString() }
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}
