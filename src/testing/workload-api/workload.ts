import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { Clock } from '../../workloadapi/clock.ts'
import type { Authority } from '../authority/authority.ts'
import type { TaintOptions } from '../authority/local-authorities.ts'
import { closedError } from '../error.ts'
import type { AgentView, Identity } from './agent-rules.ts'
import type { CallName } from './calls.ts'
import { type EntryOptions, type Registration, registrationFrom, WorkloadEntry } from './entry.ts'
import { effectsOf, type Fault, type FaultEffects, FaultSet } from './fault.ts'
import { WorkloadAPIService } from './service.ts'
import { WorkloadSocket } from './workload-socket.ts'

/** @internal What a workload needs from its Workload API. */
export interface WorkloadHost {
  readonly authority: Authority
  readonly clock: Clock
  /** What there is to say to a workload with these identities. */
  view(identities: readonly Identity[]): AgentView
}

/**
 * A workload as its agent sees it: a process with a socket of its own, and the identities that its entries
 * entitle it to.
 */
export class Workload {
  /** Where its Workload API listens: the value for `SPIFFE_ENDPOINT_SOCKET` and for the `address` of a source. */
  readonly address: string

  readonly #host: WorkloadHost
  readonly #entries = new Set<WorkloadEntry>()
  #entriesMade = 0
  readonly #faults = new FaultSet()
  readonly #calls = new Map<CallName, number>()
  readonly #service: WorkloadAPIService
  readonly #socket: WorkloadSocket
  #settled: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(path: string, host: WorkloadHost) {
    this.address = `unix://${path}`
    this.#host = host
    this.#service = new WorkloadAPIService({
      faults: this.#faults,
      view: () => host.view(this.#identities()),
      settled: () => this.#settled,
      issued: () => this.#issued(),
      called: (call) => this.#calls.set(call, this.callCount(call) + 1),
    })
    this.#socket = new WorkloadSocket(path, this.#service.server, host.clock)
  }

  /** @internal Opens the socket of a workload, for `WorkloadAPI.workload`. */
  static open(path: string, host: WorkloadHost): Workload {
    return new Workload(path, host)
  }

  /** What it is registered as, oldest first. The agent sends them in the order of their entry IDs. */
  get entries(): readonly WorkloadEntry[] {
    return [...this.#entries]
  }

  /** How many streams it holds open. */
  get openStreams(): number {
    return this.#service.openStreams
  }

  /** How many connections it holds open. */
  get connections(): number {
    return this.#socket.connections
  }

  /** How often it has made a call, refused ones too. */
  callCount(call: CallName): number {
    return this.#calls.get(call) ?? 0
  }

  /**
   * Entitles the workload to one more identity.
   *
   * @param id - Of the trust domain of the Workload API.
   * @param options - Entry ID, hint, DNS names, lifetimes, federation.
   * @returns The entry, when its first SVID was issued and sent.
   * @throws `SpiffeIDError` when the ID is not valid.
   * @throws `TypeError` when it is none of a workload of the trust domain, an option is not what it should be, or
   * the workload has another entry with that entry ID.
   * @throws `TestingError` `ERR_SPIFFE_TESTING_CLOSED` when the Workload API is closed.
   */
  async register(id: SpiffeID | string, options: EntryOptions = {}): Promise<WorkloadEntry> {
    return this.add(registrationFrom(id, options, this.#host.authority.trustDomain))
  }

  /**
   * Puts faults in place. They act from now on, on open streams and connections too.
   *
   * @param injected - Made by {@link faults}.
   * @returns A function that heals them.
   * @throws `TypeError` when one of them is no fault.
   */
  inject(...injected: readonly Fault[]): () => void {
    const effects = injected.map(effectsOf)
    for (const effect of effects) {
      this.#faults.add(effect)
      if (effect.line?.noise !== undefined) this.#socket.disturb(effect.line.noise)
      if (effect.strike === 'go away') this.#socket.goAway()
      if (effect.strike === 'reset') this.#socket.reset()
    }
    this.#faultsChanged(effects)
    return () => {
      for (const effect of effects) this.#faults.delete(effect)
      this.#faultsChanged(effects)
    }
  }

  /** Heals every fault. */
  heal(): void {
    this.#faultsChanged(this.#faults.clear())
  }

  /** @internal Makes an entry at once, and issues and sends its first SVID afterwards. */
  add(registration: Registration): Promise<WorkloadEntry> {
    if (this.#isClosed) throw closedError()
    if (this.entries.some(({ entryID }) => entryID === registration.entryID)) {
      throw new TypeError(`the workload has an entry ${registration.entryID} already`)
    }
    const entry = WorkloadEntry.of(registration, this.#entriesMade++, {
      authority: this.#host.authority,
      clock: this.#host.clock,
      changed: () => this.send(),
      deleted: (deleted) => {
        this.#entries.delete(deleted)
        this.send()
      },
    })
    this.#entries.add(entry)
    const sent = entry.reissue().then(() => {
      this.send()
      return entry
    })
    this.#settled = Promise.all([this.#settled, sent])
    // Calls wait for it and tell of a failure; nobody else has to.
    this.#settled.catch(() => undefined)
    return sent
  }

  /** @internal Brings every open stream up to date. */
  send(): void {
    this.#service.send()
  }

  /** @internal Whether the bundles of a foreign trust domain are for it. */
  federatesWith(trustDomain: TrustDomain): boolean {
    return this.entries.some((entry) => entry.federatesWith(trustDomain))
  }

  /** @internal Issues new X509-SVIDs for all identities and sends them in one message. */
  async reissue(options: TaintOptions = {}): Promise<void> {
    const reissued = Promise.all(this.entries.map((entry) => entry.reissue(options)))
    if (options.dropSVIDs === true) this.send()
    await reissued
    this.send()
  }

  /** @internal Gives out no token again that it has given out before. */
  forgetTokens(): void {
    for (const entry of this.#entries) entry.forgetTokens()
  }

  /** @internal Ends as an agent does that is shut down: without a word to those who are connected. */
  close(): void {
    this.#isClosed = true
    for (const entry of this.#entries) entry.retire()
    this.#socket.close()
    this.#service.server.forceShutdown()
  }

  #identities(): readonly Identity[] {
    return this.entries.map((entry) => entry.identity())
  }

  async #issued(): Promise<void> {
    await Promise.all(this.entries.map((entry) => entry.issued()))
  }

  #faultsChanged(effects: readonly FaultEffects[]): void {
    this.#socket.lineFault = this.#faults.line
    this.#socket.state = this.#faults.socket
    if (effects.some(({ refuse, alter, corrupt }) => refuse ?? alter ?? corrupt)) this.send()
  }
}
