import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import type { X509SVID } from '../../svid/x509/x509-svid.ts'
import type { Clock } from '../../workloadapi/clock.ts'
import type { Authority } from '../authority/authority.ts'
import { assertKeyType, type KeyType } from '../authority/key-type.ts'
import { defaults, dnsNamesFrom, ttlFrom } from '../authority/options.ts'
import { type Identity, RENEWED_AFTER } from './agent-rules.ts'

/** What an entry says of an identity, beside its ID. */
export interface EntryOptions {
  /**
   * What the operator calls the identity, of at most 1024 bytes. Of several entries of a workload with the
   * same hint only the oldest is seen.
   *
   * @default none
   */
  readonly hint?: string | undefined
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
  readonly hint: string | undefined
  readonly options: EntryOptions
}

/**
 * @internal Checks what an entry is to say, so that what is wrong is said at once and not when its SVID is issued.
 *
 * @throws `SpiffeIDError` when the ID is not valid.
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
  return { id: subject, hint: hintFrom(options.hint), options: { ...options } }
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
  /** What the operator calls it, where it has a hint. */
  readonly hint: string | undefined

  readonly #options: EntryOptions
  readonly #host: EntryHost
  readonly #tokens = new Map<string, CachedToken>()
  #svid: X509SVID | undefined
  #issues = 0
  #cancelRenewal: (() => void) | undefined
  #isDeleted = false

  private constructor({ id, hint, options }: Registration, host: EntryHost) {
    this.id = id
    this.hint = hint
    this.#options = options
    this.#host = host
  }

  /** @internal Makes an entry that has no SVID yet, for `Workload.register`. */
  static of(registration: Registration, host: EntryHost): WorkloadEntry {
    return new WorkloadEntry(registration, host)
  }

  /** The X509-SVID that the workload gets now; `undefined` before the first one was issued. */
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
  identity(): Identity | undefined {
    const svid = this.#svid
    return svid && { id: this.id, hint: this.hint ?? '', svid, token: (audience) => this.#token(audience) }
  }

  /** @internal Issues the next X509-SVID. Who asks for it sends it. */
  async reissue(): Promise<void> {
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

  /** @internal Gives out no token again that it has given out before. */
  forgetTokens(): void {
    this.#tokens.clear()
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

// Workload API §8: hints beyond this length need not be supported.
const LONGEST_HINT_BYTES = 1024

function hintFrom(hint: string | undefined): string | undefined {
  if (hint !== undefined && (typeof hint !== 'string' || Buffer.byteLength(hint) > LONGEST_HINT_BYTES)) {
    throw new TypeError(`a hint is a text of at most ${LONGEST_HINT_BYTES} bytes`)
  }
  return hint === '' ? undefined : hint
}
