import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { Clock } from '../../workloadapi/clock.ts'
import type { KeyType } from './key-type.ts'

/** Options of `Authority.create`. */
export interface AuthorityOptions {
  /** Whom it issues for. */
  readonly trustDomain: TrustDomain | string
  /**
   * The kind of key of its CAs and of the X509-SVIDs it issues.
   *
   * @default 'ec-p256'
   */
  readonly keyType?: KeyType | undefined
  /**
   * The kind of key that it signs JWT-SVIDs with: ES256, ES384 or RS256 follows from it.
   *
   * @default the same as `keyType`
   */
  readonly jwtKeyType?: KeyType | undefined
  /**
   * How many CAs stand between the root, which is in the bundle, and the leaves, which carry them along.
   *
   * @default 0
   */
  readonly intermediates?: number | undefined
  /**
   * How long a CA certificate lives, in seconds. What it signs never outlives it.
   *
   * @default 86400, one day
   */
  readonly authorityTTLSeconds?: number | undefined
  /** The time that certificates and tokens are issued at. @default the time of the machine */
  readonly clock?: Clock | undefined
}

/** Options of `Authority.issueX509SVID`. */
export interface IssueX509SVIDOptions {
  /** DNS names for the certificate; the first becomes its common name too. @default none */
  readonly dnsNames?: readonly string[] | undefined
  /** How long it lives, in seconds, from now or from `notBefore`. @default 3600, one hour */
  readonly ttlSeconds?: number | undefined
  /** When it begins to be valid: in the past for an expired one. @default ten seconds ago */
  readonly notBefore?: Date | undefined
  /** The kind of its key. @default that of the authority */
  readonly keyType?: KeyType | undefined
  /** What the operator calls it. @default none */
  readonly hint?: string | undefined
  /**
   * Issue although the ID is of another trust domain: what a CA that has gone bad does.
   *
   * @default false
   */
  readonly impersonate?: boolean | undefined
}

/** Options of `Authority.issueJWTSVID`. */
export interface IssueJWTSVIDOptions {
  /** Whom the token is for. */
  readonly audience: string | readonly string[]
  /** How long it lives, in seconds, from `issuedAt`. @default 300, five minutes */
  readonly ttlSeconds?: number | undefined
  /** When it is issued: in the past for an expired one. @default now */
  readonly issuedAt?: Date | undefined
  /** Further claims. They cannot replace `sub`, `aud`, `exp` and `iat`. @default none */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** What the operator calls it. @default none */
  readonly hint?: string | undefined
  /**
   * Issue although the ID is of another trust domain: what a signer that has gone bad does.
   *
   * @default false
   */
  readonly impersonate?: boolean | undefined
}

/** How long things live where nobody says otherwise, as with SPIRE. */
export const defaults = { authorityTTLSeconds: 86_400, svidTTLSeconds: 3600, jwtSVIDTTLSeconds: 300 } as const

export function ttlFrom(ttlSeconds: number | undefined, otherwiseSeconds: number): number {
  const ttl = ttlSeconds ?? otherwiseSeconds
  if (!Number.isFinite(ttl) || ttl <= 0) throw new TypeError('a lifetime is a number of seconds above 0')
  return ttl
}

export function timeFrom(time: Date): Date {
  if (!(time instanceof Date) || Number.isNaN(time.getTime())) throw new TypeError('a time is a valid Date')
  return time
}

export function intermediatesFrom(count = 0): number {
  if (!Number.isInteger(count) || count < 0 || count > MOST_INTERMEDIATES) {
    throw new TypeError(`intermediates are counted from 0 to ${MOST_INTERMEDIATES}`)
  }
  return count
}

export function dnsNamesFrom(names: readonly string[] = []): readonly string[] {
  if (!Array.isArray(names) || !names.every((name) => DNS_NAME.test(name))) {
    throw new TypeError('DNS names are a list of names in letters, digits, "-" and "."')
  }
  return names
}

const MOST_INTERMEDIATES = 8
const DNS_NAME = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i
