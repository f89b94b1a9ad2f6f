import { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import { parseInsecure } from '../../svid/jwt/parse-insecure.ts'
import { X509SVID } from '../../svid/x509/x509-svid.ts'
import { type Clock, systemClock } from '../../workloadapi/clock.ts'
import { Listeners } from '../listeners.ts'
import { type JWTAuthority, makeJWTAuthority, signToken } from './jwt-issuer.ts'
import { assertKeyType, generateKey, type KeyType, privateKeyObject } from './key-type.ts'
import {
  type AuthorityRotation,
  LocalAuthorities,
  type RotationStep,
  type TaintOptions,
  type X509AuthorityRotation,
} from './local-authorities.ts'
import {
  type AuthorityOptions,
  defaults,
  dnsNamesFrom,
  type IssueJWTSVIDOptions,
  type IssueX509SVIDOptions,
  intermediatesFrom,
  timeFrom,
  ttlFrom,
} from './options.ts'
import { type X509Authority, X509Issuer } from './x509-issuer.ts'
import { loadX509Library } from './x509-library.ts'

/** @internal Which authority took which step, and how. */
export interface AuthorityChange extends TaintOptions {
  readonly of: 'x509' | 'jwt'
  readonly step: RotationStep
}

interface AuthorityFacts {
  readonly trustDomain: TrustDomain
  readonly clock: Clock
  readonly keyType: KeyType
  readonly issuer: X509Issuer
  readonly x509: LocalAuthorities<X509Authority, X509Bundle>
  readonly jwt: LocalAuthorities<JWTAuthority, JWTBundle>
  readonly steps: Listeners<AuthorityChange>
}

/**
 * The authority of a trust domain: it issues X509-SVIDs and JWT-SVIDs, and rotates what it signs them with.
 *
 * What it issues follows the profiles of X509-SVID §4 and JWT-SVID §2–3 and looks as SPIRE's does. It holds
 * its keys in memory and is for tests and demonstrations only.
 *
 * @example
 * A token for a test of your own validation
 * ```ts
 * import { jwtsvid } from 'js-spiffe'
 * import { Authority } from 'js-spiffe/testing'
 *
 * const authority = await Authority.create({ trustDomain: 'acme.internal' })
 * const svid = await authority.issueJWTSVID('spiffe://acme.internal/checkout', { audience: 'orders' })
 * const caller = await jwtsvid.parseAndValidate(svid.marshal(), authority.jwtBundle, 'orders')
 * console.log(`${caller.id}`) // spiffe://acme.internal/checkout
 * ```
 */
export class Authority {
  /** Whom it issues for. */
  readonly trustDomain: TrustDomain

  readonly #facts: AuthorityFacts

  private constructor(facts: AuthorityFacts) {
    this.trustDomain = facts.trustDomain
    this.#facts = facts
  }

  /**
   * Makes an authority with fresh keys.
   *
   * @param options - The trust domain; the kinds of key; how many CAs stand between root and leaf.
   * @throws `TestingError` `ERR_SPIFFE_TESTING_DEPENDENCY_MISSING` when the optional peer dependencies
   * `@peculiar/x509` and `reflect-metadata` are not installed.
   * @throws `SpiffeIDError` when the trust domain is not valid.
   * @throws `TypeError` when an option is not what it should be.
   */
  static async create(options: AuthorityOptions): Promise<Authority> {
    const trustDomain = TrustDomain.from(options.trustDomain)
    const { clock = systemClock, keyType = 'ec-p256', jwtKeyType = keyType } = options
    assertKeyType(keyType)
    assertKeyType(jwtKeyType)
    const intermediates = intermediatesFrom(options.intermediates)
    const ttlMs = ttlFrom(options.authorityTTLSeconds, defaults.authorityTTLSeconds) * 1000

    const issuer = new X509Issuer(await loadX509Library())
    const steps = new Listeners<AuthorityChange>()
    const x509 = await LocalAuthorities.create({
      make: () => issuer.authority(trustDomain, keyType, intermediates, validityFrom(clock.now(), ttlMs)),
      bundle: (trusted: readonly X509Authority[]) =>
        X509Bundle.fromX509Authorities(
          trustDomain,
          trusted.map(({ root }) => root),
        ),
      stepped: (step, options) => steps.tell({ of: 'x509', step, ...options }),
    })
    const jwt = await LocalAuthorities.create({
      make: () => makeJWTAuthority(jwtKeyType),
      bundle: (trusted: readonly JWTAuthority[]) =>
        JWTBundle.fromJWTAuthorities(
          trustDomain,
          trusted.map(({ kid, publicKey }) => [kid, publicKey] as const),
        ),
      stepped: (step) => steps.tell({ of: 'jwt', step }),
    })
    return new Authority({ trustDomain, clock, keyType, issuer, x509, jwt, steps })
  }

  /** The rotation of what signs X509-SVIDs. */
  get x509(): X509AuthorityRotation {
    return this.#facts.x509
  }

  /** The rotation of what signs JWT-SVIDs. */
  get jwt(): AuthorityRotation {
    return this.#facts.jwt
  }

  /** The X.509 authorities that are trusted now: the same object until that changes. */
  get x509Bundle(): X509Bundle {
    return this.#facts.x509.bundle
  }

  /** The JWT authorities that are trusted now: the same object until that changes. */
  get jwtBundle(): JWTBundle {
    return this.#facts.jwt.bundle
  }

  /**
   * Issues an X509-SVID with a key of its own.
   *
   * @param id - Whose it is. An ID of another trust domain needs `impersonate`.
   * @param options - DNS names, lifetime, kind of key.
   * @throws `SpiffeIDError` when the ID is not valid.
   * @throws `TypeError` when the ID is of another trust domain, or an option is not what it should be.
   * @example
   * A certificate that expired a minute ago
   * ```ts
   * import { Authority } from 'js-spiffe/testing'
   *
   * const authority = await Authority.create({ trustDomain: 'acme.internal' })
   * const expired = await authority.issueX509SVID('spiffe://acme.internal/orders', {
   *   notBefore: new Date(Date.now() - 120_000),
   *   ttlSeconds: 60,
   * })
   * console.log(expired.expiresAt < new Date()) // true
   * ```
   */
  async issueX509SVID(id: SpiffeID | string, options: IssueX509SVIDOptions = {}): Promise<X509SVID> {
    const subject = this.#subject(id, options.impersonate)
    const { keyType = this.#facts.keyType, hint } = options
    assertKeyType(keyType)
    const dnsNames = dnsNamesFrom(options.dnsNames)
    const ttlMs = ttlFrom(options.ttlSeconds, defaults.svidTTLSeconds) * 1000
    const { notBefore } = options
    const validity =
      notBefore === undefined
        ? validityFrom(this.#facts.clock.now(), ttlMs)
        : { notBefore: timeFrom(notBefore), notAfter: new Date(notBefore.getTime() + ttlMs) }

    const key = await generateKey(keyType)
    const authority = this.#facts.x509.active
    const leaf = await this.#facts.issuer.leaf(authority, { id: subject, dnsNames, key, ...validity })
    return X509SVID.parseRaw(
      Buffer.concat([leaf, ...authority.intermediates]),
      privateKeyObject(key).export({ type: 'pkcs8', format: 'der' }),
      { hint },
    )
  }

  /**
   * Issues a JWT-SVID.
   *
   * @param id - Whom it speaks for. An ID of another trust domain needs `impersonate`.
   * @param options - The audience, which is required; lifetime; other claims.
   * @throws `SpiffeIDError` when the ID is not valid.
   * @throws `TypeError` when the ID is of another trust domain, the audience is empty, or another option is
   * not what it should be.
   */
  async issueJWTSVID(id: SpiffeID | string, options: IssueJWTSVIDOptions): Promise<JWTSVID> {
    const subject = this.#subject(id, options.impersonate)
    const audience = typeof options.audience === 'string' ? [options.audience] : [...options.audience]
    const [first, ...others] = audience
    if (first === undefined || audience.includes('')) {
      throw new TypeError('a token is for somebody: name an audience')
    }
    const issuedAt = timeFrom(options.issuedAt ?? this.#facts.clock.now())
    const ttlMs = ttlFrom(options.ttlSeconds, defaults.jwtSVIDTTLSeconds) * 1000
    const expiresAt = new Date(issuedAt.getTime() + ttlMs)

    const { claims = {}, hint } = options
    const facts = { id: subject, audience, issuedAt, expiresAt, claims }
    const token = await signToken(this.#facts.jwt.active, facts)
    return parseInsecure(token, [first, ...others], { now: issuedAt, hint })
  }

  /**
   * @internal Tells a Workload API of each step of a rotation. The step is over when its listeners are done.
   *
   * @returns A function that ends the subscription.
   */
  onStep(listener: (change: AuthorityChange) => void | Promise<void>): () => void {
    return this.#facts.steps.add(listener)
  }

  #subject(id: SpiffeID | string, impersonate = false): SpiffeID {
    const subject = SpiffeID.from(id)
    if (!impersonate && !subject.memberOf(this.trustDomain)) {
      throw new TypeError(`${subject} is not of ${this.trustDomain}; to forge it, say impersonate: true`)
    }
    return subject
  }
}

// SPIRE dates certificates back a little, for peers whose clocks are behind.
const BACKDATED_MS = 10_000

const validityFrom = (now: Date, ttlMs: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(now.getTime() - BACKDATED_MS),
  notAfter: new Date(now.getTime() + ttlMs),
})
