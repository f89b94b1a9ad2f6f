import { printable } from '../../internal/printable.ts'
import { BundleError } from '../error.ts'
import { readOrSkip, type SkippedElement } from '../skipped.ts'
import type { JWTAuthority, JWTKeyKind } from './jwt-authority.ts'
import { type PendingJWTAuthority, settledJWTAuthority } from './jwt-jwk.ts'

/**
 * The authorities of a bundle by `kid`: an immutable value, of which each key is made when it is first needed.
 * A workload can hold ten thousand federated bundles and meet the tokens of three.
 */
export class JWTAuthorities {
  readonly #slots: ReadonlyMap<string, Slot>

  private constructor(slots: ReadonlyMap<string, Slot>) {
    this.#slots = slots
  }

  static from(pending: Iterable<PendingJWTAuthority>): JWTAuthorities {
    const candidates = new Map<string, PendingJWTAuthority[]>()
    for (const authority of pending) {
      const sameKid = candidates.get(authority.kid)
      if (sameKid === undefined) candidates.set(authority.kid, [authority])
      else sameKid.push(authority)
    }
    return new JWTAuthorities(new Map([...candidates].map(([kid, sameKid]) => [kid, new Slot(sameKid)])))
  }

  get(kid: string): JWTAuthority | undefined {
    return this.#slots.get(kid)?.authority
  }

  /** The authorities of one kind, in the order of the document, each made when the caller comes to it. */
  *ofKind(kind: JWTKeyKind): Generator<JWTAuthority, void, void> {
    for (const slot of this.#slots.values()) {
      const authority = slot.mayBe(kind) ? slot.authority : undefined
      if (authority?.kind === kind) yield authority
    }
  }

  *[Symbol.iterator](): Generator<JWTAuthority, void, void> {
    for (const { authority } of this.#slots.values()) if (authority !== undefined) yield authority
  }

  /** What turned out to be unfit; to know, all keys are made. */
  get skipped(): readonly SkippedElement[] {
    return [...this.#slots.values()].flatMap((slot) => slot.skipped)
  }

  /** Whether both hold the same authorities. Keys are made only where their documents differ, and no further. */
  equals(other: JWTAuthorities): boolean {
    for (const kid of new Set([...this.#slots.keys(), ...other.#slots.keys()])) {
      if (!haveSameAuthority(this.#slots.get(kid), other.#slots.get(kid))) return false
    }
    return true
  }

  with(authority: JWTAuthority): JWTAuthorities {
    const slot = new Slot([settledJWTAuthority(authority)])
    return new JWTAuthorities(new Map(this.#slots).set(authority.kid, slot))
  }

  without(kid: string): JWTAuthorities {
    const slots = new Map(this.#slots)
    slots.delete(kid)
    return new JWTAuthorities(slots)
  }
}

/** The keys that claim one `kid`: the first that is fit has it. */
class Slot {
  readonly #candidates: readonly PendingJWTAuthority[]
  readonly #skipped: SkippedElement[] = []
  #authority: JWTAuthority | undefined
  #isResolved = false

  constructor(candidates: readonly PendingJWTAuthority[]) {
    this.#candidates = candidates
  }

  /** What its keys are, in the order in which they are tried. */
  get text(): string {
    return this.#candidates.map(({ text }) => text).join()
  }

  mayBe(kind: JWTKeyKind): boolean {
    return this.#candidates.some((candidate) => candidate.kind === kind)
  }

  get authority(): JWTAuthority | undefined {
    this.#resolve()
    return this.#authority
  }

  get skipped(): readonly SkippedElement[] {
    this.#resolve()
    return this.#skipped
  }

  #resolve(): void {
    if (this.#isResolved) return
    for (const candidate of this.#candidates) {
      readOrSkip(candidate.at, this.#skipped, () => {
        if (this.#authority !== undefined) throw duplicateKid(candidate)
        this.#authority = candidate.make()
      })
    }
    this.#isResolved = true
  }
}

function haveSameAuthority(a: Slot | undefined, b: Slot | undefined): boolean {
  if (a?.text === b?.text) return true
  const [ours, theirs] = [a?.authority, b?.authority]
  if (ours === undefined || theirs === undefined) return ours === theirs
  return ours.alg === theirs.alg && ours.key.equals(theirs.key)
}

function duplicateKid({ at, kid }: PendingJWTAuthority): BundleError {
  return new BundleError(
    'ERR_SPIFFE_JWK_KID_DUPLICATE',
    `key ${at} of the set has the kid ${printable(kid)} of a key before it`,
  )
}
