import type { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'
import { AuthorityIndex } from './authority-index.ts'
import { assertReadable, assertUsable, isValidAt } from './certificate-rules.ts'
import { MOST_AUTHORITIES, MOST_SIGNATURES, MOST_STEPS } from './limits.ts'
import { NameCheck } from './name-constraints.ts'
import { Path } from './path.ts'
import { describe, refusal, searchLimit } from './refusal.ts'

/** What a path is searched with. */
export interface PathMaterial {
  /** Who is to be proven to be who it is. */
  readonly id: SpiffeID
  /** The certificate that says so, which keeps the rules for a leaf. */
  readonly leaf: Certificate
  /** What came with the leaf, in whatever order; what does not belong to a path is ignored. */
  readonly intermediates: readonly Certificate[]
  /** Why something that came with the leaf is not among these: it may be what a path lacks. */
  readonly unreadable: SVIDError | undefined
  /** The bundle of the trust domain of the ID. */
  readonly authorities: readonly Certificate[]
  /** The time to judge at, in milliseconds since 1970. */
  readonly at: number
}

/**
 * Finds a valid path from an authority to the leaf (RFC 5280 §6.1, X509-SVID §5.1).
 *
 * It walks down from the authorities, so that no signature is checked with a key that an authority has not
 * vouched for: what an outsider sends cannot choose the work. It goes back and tries on where authorities
 * share a name or have certified each other. The work is bounded in counted authorities,
 * signatures, steps and comparisons of names.
 *
 * @returns The certificates of the path, the authority first.
 */
export function findPath(material: PathMaterial): readonly Certificate[] {
  return new PathSearch(material).run()
}

/** How close to the leaf an attempt was refused: the reason of the closest one is what is reported. */
const AUTHORITY = 1
const INTERMEDIATE = 2
const LEAF = 3

class PathSearch {
  readonly #material: PathMaterial
  readonly #presented: readonly Certificate[]
  readonly #names: NameCheck
  readonly #usable = new Map<Certificate, boolean>()
  readonly #failed = new Map<Certificate, Set<Certificate>>()
  #authoritiesLeft = MOST_AUTHORITIES
  #signaturesLeft = MOST_SIGNATURES
  #stepsLeft = MOST_STEPS
  #reason: SVIDError | undefined
  #closeness = 0

  constructor(material: PathMaterial) {
    this.#material = material
    this.#presented = [material.leaf, ...material.intermediates]
    this.#names = new NameCheck(material.id)
  }

  run(): readonly Certificate[] {
    const { authorities } = this.#material
    const index = AuthorityIndex.of(authorities)
    // Key identifiers are hints (RFC 5280 §4.2.1.1): where they differ is tried last, but it is tried.
    const path =
      this.#searchFrom((child) => index.agreeing(child), keyIdentifiersAgree) ??
      this.#searchFrom(
        (child) => index.named(child),
        () => true,
      )
    if (path === undefined)
      throw this.#reason ?? this.#material.unreadable ?? unknownAuthority(this.#material)
    return path
  }

  #searchFrom(
    authoritiesAbove: (child: Certificate) => Iterable<Certificate>,
    isPlausible: typeof keyIdentifiersAgree,
  ): readonly Certificate[] | undefined {
    const tried = new Set<Certificate>()
    for (const child of this.#presented) {
      for (const authority of authoritiesAbove(child)) {
        if (tried.has(authority)) continue
        tried.add(authority)
        const path = this.#descendFrom(authority, isPlausible)
        if (path !== undefined) return path
      }
    }
    return undefined
  }

  #descendFrom(
    authority: Certificate,
    isPlausible: typeof keyIdentifiersAgree,
  ): readonly Certificate[] | undefined {
    this.#countAuthority()
    if (!this.#isUsable(authority, AUTHORITY)) return undefined
    const start = this.#attempt(AUTHORITY, () => Path.startingAt(authority, this.#material.id, this.#names))
    return start && this.#descend(start, isPlausible)
  }

  #descend(path: Path, isPlausible: typeof keyIdentifiersAgree): readonly Certificate[] | undefined {
    const { leaf } = this.#material
    const issuer = path.end
    for (const child of this.#presented) {
      // RFC 5280 §6.1.3 (a)(4): the issuer of one is the subject of the one above
      if (child.issuer.key !== issuer.subject.key || !this.#isUsable(child, INTERMEDIATE)) continue
      if (!isPlausible(child, issuer)) continue
      this.#countStep()
      if (child === leaf) {
        const complete = this.#signatureHolds(leaf, issuer) && this.#attempt(LEAF, () => path.withLeaf(leaf))
        if (complete) return complete
      } else if (!path.passesThrough(child)) {
        const longer =
          this.#signatureHolds(child, issuer) &&
          this.#attempt(INTERMEDIATE, () => path.withIntermediate(child))
        const complete = longer && this.#descend(longer, isPlausible)
        if (complete) return complete
      }
    }
    return undefined
  }

  /** Whether a certificate keeps the rules that do not depend on its place. */
  #isUsable(certificate: Certificate, closeness: number): boolean {
    const { id, at } = this.#material
    const known = this.#usable.get(certificate)
    if (known !== undefined) return known
    // A crowd can have expired: no refusal is made of what would not be reported.
    const isKept = closeness > this.#closeness || isValidAt(certificate, at)
    const isUsable =
      isKept &&
      this.#attempt(closeness, () => {
        assertReadable(certificate)
        assertUsable(certificate, id, at)
        return true
      }) === true
    this.#usable.set(certificate, isUsable)
    return isUsable
  }

  /** RFC 5280 §6.1.3 (a)(1) */
  #signatureHolds(child: Certificate, issuer: Certificate): boolean {
    const { id } = this.#material
    if (child.isKnownToBeSignedBy(issuer)) return true
    if (this.#failed.get(child)?.has(issuer) === true) return false
    this.#signaturesLeft -= 1
    if (this.#signaturesLeft < 0) throw searchLimit(id, `${MOST_SIGNATURES} signatures were checked`)
    if (child.isSignedBy(issuer)) return true
    this.#failed.set(child, (this.#failed.get(child) ?? new Set()).add(issuer))
    // One that names another key was never said to be signed with this one.
    if (keyIdentifiersAgree(child, issuer)) this.#note(AUTHORITY, wrongSignature(child, issuer, id))
    return false
  }

  #countAuthority(): void {
    this.#authoritiesLeft -= 1
    if (this.#authoritiesLeft < 0) {
      throw searchLimit(this.#material.id, `${MOST_AUTHORITIES} authorities were looked at`)
    }
  }

  #countStep(): void {
    this.#stepsLeft -= 1
    if (this.#stepsLeft < 0) throw searchLimit(this.#material.id, `${MOST_STEPS} steps were taken`)
  }

  #attempt<T>(closeness: number, step: () => T): T | undefined {
    try {
      return step()
    } catch (error) {
      // To have done too much ends the search, and not the attempt.
      if (!(error instanceof SVIDError) || error.code === 'ERR_SPIFFE_X509_SVID_SEARCH_LIMIT') throw error
      this.#note(closeness, error)
      return undefined
    }
  }

  #note(closeness: number, reason: SVIDError): void {
    if (closeness <= this.#closeness) return
    this.#closeness = closeness
    this.#reason = reason
  }
}

function keyIdentifiersAgree(child: Certificate, issuer: Certificate): boolean {
  const wanted = child.details.authorityKeyIdentifier
  const offered = issuer.details.subjectKeyIdentifier
  return wanted === undefined || offered === undefined || wanted === offered
}

function wrongSignature(child: Certificate, issuer: Certificate, id: SpiffeID): SVIDError {
  return child.hasKnownScheme
    ? refusal(
        id,
        'ERR_SPIFFE_X509_SVID_SIGNATURE',
        `${describe(child)} is not signed with the key of ${describe(issuer)}`,
      )
    : refusal(
        id,
        'ERR_SPIFFE_X509_SVID_SIGNATURE_ALGORITHM',
        `${describe(child)} is signed with ${child.signatureAlgorithm.algorithm}`,
      )
}

function unknownAuthority({ id, authorities }: PathMaterial): SVIDError {
  const { trustDomain } = id
  const reason =
    authorities.length === 0
      ? `the bundle of ${trustDomain} is empty`
      : `no authority of ${trustDomain} issued it`
  return refusal(id, 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY', reason)
}
