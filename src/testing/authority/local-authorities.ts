import { TestingError } from '../error.ts'
import { Serial } from '../serial.ts'

/** A step in the life of a signing authority. */
export type RotationStep = 'prepare' | 'activate' | 'taint' | 'revoke'

/**
 * The rotation of a signing authority, in the steps of SPIRE's `localauthority` commands.
 *
 * Each promise resolves when the Workload APIs of this authority, and those federated with it, have sent what
 * follows from the step to all their workloads.
 */
export interface AuthorityRotation {
  /** Makes the next authority and publishes it in the bundle. It signs nothing yet. A second one replaces it. */
  prepare(): Promise<void>

  /**
   * Lets the prepared authority sign what is issued from now on. The old one stays in the bundle.
   *
   * @throws `TestingError` `ERR_SPIFFE_TESTING_AUTHORITY_STEP` when none is prepared.
   */
  activate(): Promise<void>

  /**
   * Has everything reissued that an old authority signed.
   *
   * @throws `TestingError` `ERR_SPIFFE_TESTING_AUTHORITY_STEP` when there is no old authority.
   */
  taint(): Promise<void>

  /**
   * Takes the tainted authorities out of the bundle: what they signed is worth nothing any more.
   *
   * @throws `TestingError` `ERR_SPIFFE_TESTING_AUTHORITY_STEP` when none is tainted.
   */
  revoke(): Promise<void>

  /**
   * Rotates with overlap: revokes what the last rotation left behind, then prepares, activates and taints.
   * What the old authority signed stays trusted until the next rotation, or until `revoke()`.
   */
  rotate(): Promise<void>
}

/** Options of {@link X509AuthorityRotation.taint}. */
export interface TaintOptions {
  /**
   * Drop X509-SVIDs before there are others, as an agent of SPIRE does that is busy: every open stream ends with
   * `PermissionDenied: no identity issued`, and whoever asks again gets no message until the new SVIDs are there.
   * A source with `redaction: 'confirm'` serves on.
   *
   * @default false
   */
  readonly dropSVIDs?: boolean | undefined
}

/** The rotation of what signs X509-SVIDs. */
export interface X509AuthorityRotation extends AuthorityRotation {
  /**
   * Has everything reissued that an old authority signed.
   *
   * @param options - Whether the old SVIDs are dropped first.
   * @throws `TestingError` `ERR_SPIFFE_TESTING_AUTHORITY_STEP` when there is no old authority.
   */
  taint(options?: TaintOptions): Promise<void>
}

/** What authorities of one kind are made of. */
interface Kind<Authority, Bundle> {
  /** Makes an authority: the first one, and each one that is prepared. */
  make(): Promise<Authority>
  /** The bundle that trusts these. */
  bundle(trusted: readonly Authority[]): Bundle
  /** Told of each step; the step is over when it is done. */
  stepped(step: RotationStep, options: TaintOptions): Promise<void>
}

/** The authorities of one kind: one that signs, one that may be next, those that have signed before. */
export class LocalAuthorities<A, B> implements X509AuthorityRotation {
  #active: A
  #prepared: A | undefined
  #old: readonly A[] = []
  #tainted: readonly A[] = []
  #bundle: B
  readonly #kind: Kind<A, B>
  // A scheduled rotation and one on command must not interleave.
  readonly #serial = new Serial()

  private constructor(kind: Kind<A, B>, first: A) {
    this.#kind = kind
    this.#active = first
    this.#bundle = kind.bundle([first])
  }

  static async create<A, B>(kind: Kind<A, B>): Promise<LocalAuthorities<A, B>> {
    return new LocalAuthorities(kind, await kind.make())
  }

  /** The one that signs. */
  get active(): A {
    return this.#active
  }

  /** What trusts them, oldest first; the same object while it is the same trust. */
  get bundle(): B {
    return this.#bundle
  }

  prepare(): Promise<void> {
    return this.#serial.run(() => this.#prepare())
  }

  activate(): Promise<void> {
    return this.#serial.run(() => this.#activate())
  }

  taint(options: TaintOptions = {}): Promise<void> {
    return this.#serial.run(() => this.#taint(options))
  }

  revoke(): Promise<void> {
    return this.#serial.run(() => this.#revoke())
  }

  rotate(): Promise<void> {
    return this.#serial.run(async () => {
      if (this.#tainted.length > 0) await this.#revoke()
      await this.#prepare()
      await this.#activate()
      await this.#taint({})
    })
  }

  async #prepare(): Promise<void> {
    this.#prepared = await this.#kind.make()
    await this.#publish('prepare')
  }

  async #activate(): Promise<void> {
    if (this.#prepared === undefined) throw outOfOrder('activate', 'none is prepared')
    this.#old = [...this.#old, this.#active]
    this.#active = this.#prepared
    this.#prepared = undefined
    await this.#publish('activate')
  }

  async #taint(options: TaintOptions): Promise<void> {
    if (this.#old.length === 0)
      throw outOfOrder('taint', 'only an authority that was replaced can be tainted')
    this.#tainted = [...this.#tainted, ...this.#old]
    this.#old = []
    await this.#publish('taint', options)
  }

  async #revoke(): Promise<void> {
    if (this.#tainted.length === 0) throw outOfOrder('revoke', 'none is tainted')
    this.#tainted = []
    await this.#publish('revoke')
  }

  async #publish(step: RotationStep, options: TaintOptions = {}): Promise<void> {
    if (step === 'prepare' || step === 'revoke') this.#bundle = this.#kind.bundle(this.#trusted())
    await this.#kind.stepped(step, options)
  }

  #trusted(): readonly A[] {
    const next = this.#prepared === undefined ? [] : [this.#prepared]
    return [...this.#tainted, ...this.#old, this.#active, ...next]
  }
}

function outOfOrder(step: RotationStep, why: string): TestingError {
  return new TestingError('ERR_SPIFFE_TESTING_AUTHORITY_STEP', `no authority to ${step}: ${why}`)
}
