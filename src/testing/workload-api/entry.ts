import { createHash } from 'node:crypto'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import type { X509SVID } from '../../svid/x509/x509-svid.ts'
import type { Clock } from '../../workloadapi/clock.ts'
import type { Authority } from '../authority/authority.ts'
import { assertKeyType, type KeyType } from '../authority/key-type.ts'
import type { TaintOptions } from '../authority/local-authorities.ts'
import { defaults, dnsNamesFrom, ttlFrom } from '../authority/options.ts'
import { type Identity, RENEWED_AFTER } from './agent-rules.ts'

/** What an entry says of an identity, beside its ID. */
export interface EntryOptions {
  /**
   * What tells the entry from others: up to 255 ASCII letters, digits, `-`, `.` and `_`. An agent sends the
   * identities of a workload in the order of their entry IDs, and SPIRE makes random ones: which identity comes
   * first, and so is the default one, is chance. A service with several chooses by `hint`, with a `picker`; a
   * test that needs one order gives the IDs.
   *
   * @default a UUID that is arbitrary, and the same each time that the test runs
   */
  readonly entryID?: string | undefined
  /**
   * What the operator calls the identity, of at most 1024 bytes. Of several entries of a workload with the
   * same hint only the oldest is seen.
   *
   * @default none
   */
  readonly hint?: string | undefined
  /**
   * The foreign trust domains whose bundles the workload gets, of those that the Workload API federates with. Of
   * several entries of a workload each brings its own.
   *
   * @default all of them
   */
  readonly federatesWith?: readonly (TrustDomain | string)[] | undefined
  /** DNS names for the X509-SVID. @default none */
  readonly dnsNames?: readonly string[] | undefined
  /** How long its X509-SVIDs live, in seconds. They are renewed after half of it. @default 3600, one hour */
  readonly ttlSeconds?: number | undefined
  /** How long its JWT-SVIDs live, in seconds. @default 300, five minutes */
  readonly jwtTTLSeconds?: number | undefined
  /** The kind of key of its X509-SVIDs. @default that of the authority */
  readonly keyType?: KeyType | undefined
}

/** @internal An entry that may be made: everything about it is in order. */
export interface Registration {
  readonly id: SpiffeID
  /** Where it was given. */
  readonly entryID: string | undefined
  readonly hint: string | undefined
  readonly federatesWith: ReadonlySet<string> | undefined
  readonly options: EntryOptions
}

/**
 * @internal Checks what an entry is to say, so that what is wrong is said at once and not when its SVID is issued.
 *
 * @throws `SpiffeIDError` when the ID, or a trust domain to federate with, is not valid.
 * @throws `TypeError` when it is none of a workload of the trust domain, or an option is not what it should be.
 */
export function registrationFrom(
  id: SpiffeID | string,
  options: EntryOptions,
  trustDomain: TrustDomain,
): Registration {
  const subject = SpiffeID.from(id)
  if (!subject.memberOf(trustDomain)) throw new TypeError(`${subject} is not of ${trustDomain}`)
  // X509-SVID §3.1: the ID of a workload has a path.
  if (subject.path === '') throw new TypeError(`${subject} names a trust domain and no workload`)
  dnsNamesFrom(options.dnsNames)
  ttlFrom(options.ttlSeconds, defaults.svidTTLSeconds)
  ttlFrom(options.jwtTTLSeconds, defaults.jwtSVIDTTLSeconds)
  if (options.keyType !== undefined) assertKeyType(options.keyType)
  return {
    id: subject,
    entryID: entryIDFrom(options.entryID),
    hint: hintFrom(options.hint),
    federatesWith: trustDomainsFrom(options.federatesWith),
    options: { ...options },
  }
}

/** @internal What an entry needs from where it is registered. */
export interface EntryHost {
  readonly authority: Authority
  readonly clock: Clock
  /** Told when there is something new to say. */
  changed(): void
  /** Told when the entry is deleted. */
  deleted(entry: WorkloadEntry): void
}

interface CachedToken {
  readonly svid: JWTSVID
  readonly renewAt: Date
}

/**
 * The registration of a workload: it is entitled to an identity for as long as its entry is there.
 *
 * SVIDs are renewed once half of their life is over, on the clock of the Workload API.
 */
export class WorkloadEntry {
  /** The identity. */
  readonly id: SpiffeID
  /** What tells the entry from others, and gives its place among them. */
  readonly entryID: string
  /** What the operator calls it, where it has a hint. */
  readonly hint: string | undefined

  readonly #federatesWith: ReadonlySet<string> | undefined
  readonly #options: EntryOptions
  readonly #host: EntryHost
  readonly #tokens = new Map<string, CachedToken>()
  #svid: X509SVID | undefined
  #issues = 0
  #newest: Promise<void> = Promise.resolve()
  #cancelRenewal: (() => void) | undefined
  #isDeleted = false

  private constructor({ id, hint, federatesWith, options }: Registration, entryID: string, host: EntryHost) {
    this.id = id
    this.entryID = entryID
    this.hint = hint
    this.#federatesWith = federatesWith
    this.#options = options
    this.#host = host
  }

  /**
   * @internal Makes an entry that has no SVID yet, for `Workload.register`.
   *
   * @param number - How many entries the workload has had before.
   */
  static of(registration: Registration, number: number, host: EntryHost): WorkloadEntry {
    return new WorkloadEntry(registration, registration.entryID ?? arbitraryID(registration, number), host)
  }

  /** The X509-SVID that the workload gets now; `undefined` while there is none. */
  get svid(): X509SVID | undefined {
    return this.#svid
  }

  /** Takes the identity away: the next message is without it, or a refusal where it was the only one. */
  delete(): void {
    if (this.#isDeleted) return
    this.retire()
    this.#host.deleted(this)
  }

  /** @internal Renews nothing any more. */
  retire(): void {
    this.#isDeleted = true
    this.#cancelRenewal?.()
  }

  /** @internal What the agent knows of it. */
  identity(): Identity {
    return {
      id: this.id,
      entryID: this.entryID,
      hint: this.hint ?? '',
      federatesWith: this.#federatesWith,
      svid: this.#svid,
      token: (audience) => this.#token(audience),
    }
  }

  /** @internal Whether the bundles of a foreign trust domain go to its workload. */
  federatesWith(trustDomain: TrustDomain): boolean {
    return this.#federatesWith?.has(trustDomain.name) ?? true
  }

  /**
   * @internal Issues the next X509-SVID. Who asks for it sends it.
   *
   * @param options - Whether there is none until then.
   */
  reissue({ dropSVIDs = false }: TaintOptions = {}): Promise<void> {
    if (dropSVIDs) this.#svid = undefined
    this.#newest = this.#issue()
    return this.#newest
  }

  /** @internal Kept once it has an X509-SVID, or is no more. */
  async issued(): Promise<void> {
    while (this.#svid === undefined && !this.#isDeleted) await this.#newest
  }

  /** @internal Gives out no token again that it has given out before. */
  forgetTokens(): void {
    this.#tokens.clear()
  }

  async #issue(): Promise<void> {
    const { authority, clock } = this.#host
    const issue = ++this.#issues
    const { dnsNames, ttlSeconds, keyType } = this.#options
    const svid = await authority.issueX509SVID(this.id, { dnsNames, ttlSeconds, keyType, hint: this.hint })
    // What was begun later is signed by the newer authority, even where it was done earlier.
    if (this.#isDeleted || issue < this.#issues) return
    this.#svid = svid
    this.#cancelRenewal?.()
    const lifeMs = svid.expiresAt.getTime() - clock.now().getTime()
    this.#cancelRenewal = clock.schedule(() => void this.#renew(), lifeMs * RENEWED_AFTER)
  }

  async #renew(): Promise<void> {
    await this.reissue()
    this.#host.changed()
  }

  // The agent keeps tokens, and gives the same one out again while the first half of its life lasts.
  async #token(audience: readonly string[]): Promise<JWTSVID> {
    const { authority, clock } = this.#host
    const key = JSON.stringify([...audience].sort())
    const cached = this.#tokens.get(key)
    const now = clock.now()
    if (cached !== undefined && now < cached.renewAt) return cached.svid
    const { jwtTTLSeconds: ttlSeconds } = this.#options
    const svid = await authority.issueJWTSVID(this.id, { audience, ttlSeconds, issuedAt: now })
    const lifeMs = svid.expiresAt.getTime() - now.getTime()
    this.#tokens.set(key, { svid, renewAt: new Date(now.getTime() + lifeMs * RENEWED_AFTER) })
    return svid
  }
}

// As SPIRE has it.
const ENTRY_ID = /^[\w.-]{1,255}$/

function entryIDFrom(entryID: string | undefined): string | undefined {
  if (entryID === undefined || (typeof entryID === 'string' && ENTRY_ID.test(entryID))) return entryID
  throw new TypeError('an entry ID is 1 to 255 ASCII letters, digits, "-", "." and "_"')
}

// A test must not pass one time and fail the next, so chance is out of a hash.
function arbitraryID({ id }: Registration, number: number): string {
  const digits = createHash('sha256').update(`${number} ${id}`).digest('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
}

function trustDomainsFrom(
  trustDomains: readonly (TrustDomain | string)[] | undefined,
): ReadonlySet<string> | undefined {
  if (trustDomains === undefined) return undefined
  if (!Array.isArray(trustDomains)) throw new TypeError('federatesWith is a list of trust domains')
  return new Set(trustDomains.map((trustDomain) => TrustDomain.from(trustDomain).name))
}

// Workload API §8: hints beyond this length need not be supported.
const LONGEST_HINT_BYTES = 1024

function hintFrom(hint: string | undefined): string | undefined {
  if (hint !== undefined && (typeof hint !== 'string' || Buffer.byteLength(hint) > LONGEST_HINT_BYTES)) {
    throw new TypeError(`a hint is a text of at most ${LONGEST_HINT_BYTES} bytes`)
  }
  return hint === '' ? undefined : hint
}
