import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import type { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { type Clock, systemClock } from '../../workloadapi/clock.ts'
import { Authority, type AuthorityChange } from '../authority/authority.ts'
import type { TaintOptions } from '../authority/local-authorities.ts'
import { type AuthorityOptions, defaults, ttlFrom } from '../authority/options.ts'
import { closedError } from '../error.ts'
import { type AgentView, consequences, type Identity, RENEWED_AFTER } from './agent-rules.ts'
import { type EntryOptions, registrationFrom } from './entry.ts'
import { Federation } from './federation.ts'
import { SocketFolder } from './socket-folder.ts'
import { Workload } from './workload.ts'

/** Options of {@link WorkloadAPI.start}. */
export interface WorkloadAPIOptions extends AuthorityOptions {
  /** Where the folder for its sockets is made. @default the system's folder for temporary files */
  readonly folder?: string | undefined
}

/**
 * A Workload API in this process: a gRPC server on real unix sockets, with an authority of its own.
 *
 * It answers as SPIRE's agent does. Node cannot see who calls on a unix socket, so each workload has a socket
 * of its own. SVIDs are renewed once half of their life is over, and authorities rotated once half of theirs
 * is, on the clock that it was given; everything also happens on command.
 *
 * @example
 * Give a service an identity, and take it away again
 * ```ts
 * import { X509Source } from 'js-spiffe'
 * import { WorkloadAPI } from 'js-spiffe/testing'
 *
 * await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
 * const orders = api.workload('spiffe://acme.internal/orders')
 *
 * await using source = await X509Source.create({ address: orders.address })
 * console.log(`${source.getX509SVID().id}`) // spiffe://acme.internal/orders
 *
 * for (const entry of orders.entries) entry.delete()
 * ```
 */
export class WorkloadAPI implements AsyncDisposable {
  /** What it issues with: for SVIDs that no workload asked for, such as an attacker's. */
  readonly authority: Authority

  readonly #clock: Clock
  readonly #folder: SocketFolder
  readonly #federation: Federation
  readonly #workloads = new Set<Workload>()
  readonly #unsubscribe: () => void
  #cancelRotation: () => void = () => undefined
  #isClosed = false

  private constructor(authority: Authority, clock: Clock, folder: SocketFolder, rotateAfterMs: number) {
    this.authority = authority
    this.#clock = clock
    this.#folder = folder
    this.#federation = new Federation(authority.trustDomain, (partner) => this.#sendFederated(partner))
    this.#unsubscribe = authority.onStep((change) => this.#follow(change))
    this.#scheduleRotation(rotateAfterMs)
  }

  /**
   * Starts a Workload API for a trust domain.
   *
   * @param options - The trust domain; what its authority is like; the clock.
   * @throws `TestingError` `ERR_SPIFFE_TESTING_DEPENDENCY_MISSING` when the optional peer dependencies
   * `@peculiar/x509` and `reflect-metadata` are not installed.
   * @throws `SpiffeIDError` when the trust domain is not valid.
   * @throws `TypeError` when an option is not what it should be.
   */
  static async start(options: WorkloadAPIOptions): Promise<WorkloadAPI> {
    const authority = await Authority.create(options)
    const ttlSeconds = ttlFrom(options.authorityTTLSeconds, defaults.authorityTTLSeconds)
    const rotateAfterMs = ttlSeconds * 1000 * RENEWED_AFTER
    return new WorkloadAPI(
      authority,
      options.clock ?? systemClock,
      new SocketFolder(options.folder),
      rotateAfterMs,
    )
  }

  /** Whom it issues for. */
  get trustDomain(): TrustDomain {
    return this.authority.trustDomain
  }

  /**
   * Adds a workload. Its socket is there when this returns.
   *
   * Each call is another process, with another socket: keep what it returns.
   *
   * @param id - What it is registered as; without one it has no entry, and every call of it is refused.
   * @param options - Hint, DNS names and lifetimes of that identity.
   * @throws `SpiffeIDError` when the ID is not valid.
   * @throws `TypeError` when it is none of a workload of the trust domain, or an option is not what it should be.
   * @throws `TestingError` `ERR_SPIFFE_TESTING_CLOSED` when the Workload API is closed.
   */
  workload(id?: SpiffeID | string, options: EntryOptions = {}): Workload {
    if (this.#isClosed) throw closedError()
    const registration = id === undefined ? undefined : registrationFrom(id, options, this.trustDomain)
    const workload = Workload.open(this.#folder.next(), {
      authority: this.authority,
      clock: this.#clock,
      view: (identities) => this.#view(identities),
    })
    this.#workloads.add(workload)
    if (registration !== undefined) void workload.add(registration)
    return workload
  }

  /** Issues every X509-SVID anew and sends them, and forgets the JWT-SVIDs that were given out. */
  async rotateSVIDs(): Promise<void> {
    this.#forgetTokens()
    await this.#reissue()
  }

  /**
   * Rotates what X509-SVIDs are signed with, with overlap: the next authority is in the bundle before it signs,
   * then every SVID is issued anew, and the old authority stays in the bundle until the next rotation, or until
   * `authority.x509.revoke()`. The single steps are those of `authority.x509`.
   */
  rotateX509Authority(): Promise<void> {
    return this.authority.x509.rotate()
  }

  /** Rotates what JWT-SVIDs are signed with, with overlap, in the same way. Its single steps are `authority.jwt`. */
  rotateJWTAuthority(): Promise<void> {
    return this.authority.jwt.rotate()
  }

  /**
   * Gives workloads the bundles of a foreign trust domain along with their own: all of them, but for those whose
   * entries say otherwise by `federatesWith`.
   *
   * @param partner - Another Workload API or authority, whose rotations are followed, or a bundle, which takes
   * the place of the one before.
   * @throws `TypeError` when that is our own trust domain, or none of these.
   */
  federate(partner: WorkloadAPI | Authority | X509Bundle | JWTBundle): void {
    this.#federation.add(partner instanceof WorkloadAPI ? partner.authority : partner)
  }

  /**
   * Takes the bundles of a foreign trust domain away again.
   *
   * @returns Whether it had been federated with.
   */
  dissociate(trustDomain: TrustDomain | string): boolean {
    return this.#federation.delete(trustDomain)
  }

  /** Ends every connection and removes the sockets. Closing again does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cancelRotation()
    this.#unsubscribe()
    this.#federation.close()
    for (const workload of this.#workloads) workload.close()
    this.#folder.remove()
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #view(identities: readonly Identity[]): AgentView {
    return {
      trustDomain: this.trustDomain,
      now: this.#clock.now(),
      identities,
      x509Bundle: this.authority.x509Bundle,
      jwtBundle: this.authority.jwtBundle,
      federatedX509Bundles: this.#federation.x509Bundles,
      federatedJWTBundles: this.#federation.jwtBundles,
    }
  }

  #send(): void {
    for (const workload of this.#workloads) workload.send()
  }

  #sendFederated(partner: TrustDomain): void {
    for (const workload of this.#workloads) if (workload.federatesWith(partner)) workload.send()
  }

  async #follow({ of, step, dropSVIDs }: AuthorityChange): Promise<void> {
    const consequence = consequences[of][step]
    if (consequence === 'a message, and new tokens when they ask') this.#forgetTokens()
    if (consequence.startsWith('a message')) this.#send()
    if (consequence === 'new SVIDs in a message') await this.#reissue({ dropSVIDs })
  }

  async #reissue(options: TaintOptions = {}): Promise<void> {
    await Promise.all([...this.#workloads].map((workload) => workload.reissue(options)))
  }

  #forgetTokens(): void {
    for (const workload of this.#workloads) workload.forgetTokens()
  }

  #scheduleRotation(afterMs: number): void {
    this.#cancelRotation = this.#clock.schedule(() => {
      this.#scheduleRotation(afterMs)
      void this.rotateX509Authority()
      void this.rotateJWTAuthority()
    }, afterMs)
  }
}
