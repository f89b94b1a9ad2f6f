import { equalBytes } from '../../internal/bytes.ts'
import type { Certificate } from '../../internal/x509/certificate.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import {
  ANY_POLICY_STATE,
  afterLeaf,
  belowIntermediate,
  lacksPolicy,
  mapsAnyPolicy,
  type PolicyState,
  withPoliciesOf,
} from './certificate-policies.ts'
import { assertMayIssue } from './certificate-rules.ts'
import type { NameCheck } from './name-constraints.ts'
import { describe, refusal } from './refusal.ts'

/**
 * A valid path from an authority down to some certificate, and what it asks of the certificates below: the
 * state of RFC 5280 §6.1, as an immutable value.
 *
 * It holds the rules that depend on the place in the path. Those of a certificate alone are in
 * `certificate-rules.ts`, and whether signatures hold is for who builds the path.
 */
export class Path {
  /** The authority first. */
  readonly certificates: readonly Certificate[]
  /** The certificate at the lower end. */
  readonly end: Certificate
  readonly #id: SpiffeID
  readonly #names: NameCheck
  readonly #intermediatesLeft: number
  readonly #policies: PolicyState

  private constructor(
    above: readonly Certificate[],
    end: Certificate,
    id: SpiffeID,
    names: NameCheck,
    intermediatesLeft: number,
    policies: PolicyState,
  ) {
    this.certificates = [...above, end]
    this.end = end
    this.#id = id
    this.#names = names
    this.#intermediatesLeft = intermediatesLeft
    this.#policies = policies
  }

  /**
   * RFC 5280 §6.1.2, and the path length and names that the authority limits in its own certificate.
   *
   * Its Policy Constraints are not among these limits. They would ask for policies that only those who set up a
   * trust anchor may ask for (RFC 5280 §6.1.1 (c) to (g)), and a bundle has no place to do so.
   */
  static startingAt(authority: Certificate, id: SpiffeID, names: NameCheck): Path {
    assertMayIssue(authority, id)
    const intermediatesLeft = authority.details.basicConstraints?.pathLen ?? Number.POSITIVE_INFINITY
    return new Path([], authority, id, names, intermediatesLeft, ANY_POLICY_STATE)
  }

  /** Whether a certificate of the same name and key is on the path: to pass there again leads nowhere. */
  passesThrough({ subject, spki }: Certificate): boolean {
    return this.certificates.some(
      (other) => other.subject.key === subject.key && equalBytes(other.spki, spki),
    )
  }

  /** RFC 5280 §6.1.3 and §6.1.4: the path with an intermediate more. */
  withIntermediate(certificate: Certificate): Path {
    // §6.1.3 (b), (c): only what is issued to another name is held to the names that are permitted
    if (!certificate.isSelfIssued) this.#names.assertPermitted(certificate, this.certificates)
    // §6.1.3 (d), (e); as for (f), what lacks a policy here still lacks it at the leaf
    const policies = withPoliciesOf(certificate, this.#policies, false)
    // §6.1.4 (a)
    if (mapsAnyPolicy(certificate)) {
      throw refusal(this.#id, 'ERR_SPIFFE_X509_SVID_POLICY', `${describe(certificate)} maps anyPolicy`)
    }
    // §6.1.4 (k), (n)
    assertMayIssue(certificate, this.#id)
    // §6.1.4 (l), (m)
    const intermediatesLeft = this.#intermediatesLeft - (certificate.isSelfIssued ? 0 : 1)
    if (intermediatesLeft < 0) {
      throw refusal(
        this.#id,
        'ERR_SPIFFE_X509_SVID_PATH_TOO_LONG',
        `${describe(certificate)} is an intermediate more than a CA above it allows`,
      )
    }
    return new Path(
      this.certificates,
      certificate,
      this.#id,
      this.#names,
      Math.min(intermediatesLeft, certificate.details.basicConstraints?.pathLen ?? Number.POSITIVE_INFINITY),
      belowIntermediate(certificate, policies),
    )
  }

  /** RFC 5280 §6.1.3 and §6.1.5: the path with its leaf, which completes it. */
  withLeaf(leaf: Certificate): readonly Certificate[] {
    // §6.1.3 (b), (c)
    this.#names.assertPermitted(leaf, this.certificates)
    // §6.1.3 (d) to (f), §6.1.5 (a), (b), (g)
    const policies = afterLeaf(leaf, withPoliciesOf(leaf, this.#policies, true))
    if (lacksPolicy(policies)) {
      throw refusal(
        this.#id,
        'ERR_SPIFFE_X509_SVID_POLICY',
        'a CA requires a certificate policy, and none is left',
      )
    }
    return [...this.certificates, leaf]
  }
}
