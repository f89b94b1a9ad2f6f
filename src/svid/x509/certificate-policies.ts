import type { Certificate } from '../../internal/x509/certificate.ts'
import { ANY_POLICY } from '../../internal/x509/oid.ts'

/**
 * Which certificate policies a path still holds to, and from when on it must hold to one.
 *
 * No policy is asked for from outside, so a path breaks only where an authority on it requires one (Policy
 * Constraints) and none is left. RFC 5280 §6.1 grows a tree of policies; for this question the policies that
 * are expected at its newest level say everything: it is empty when they are.
 */
export interface PolicyState {
  /** The expected policies; `undefined` once the tree is NULL. */
  readonly expected: ReadonlySet<string> | undefined
  /** After how many certificates a policy is required, none may be mapped, and anyPolicy is none. */
  readonly explicitPolicy: number
  readonly policyMapping: number
  readonly inhibitAnyPolicy: number
}

/** RFC 5280 §6.1.2 (a), (d) to (f): any policy will do, and nothing is inhibited. */
export const ANY_POLICY_STATE: PolicyState = {
  expected: new Set([ANY_POLICY]),
  explicitPolicy: Number.POSITIVE_INFINITY,
  policyMapping: Number.POSITIVE_INFINITY,
  inhibitAnyPolicy: Number.POSITIVE_INFINITY,
}

/** RFC 5280 §6.1.3 (d), (e): the policies of one more certificate; the leaf is the last one. */
export function withPoliciesOf(certificate: Certificate, state: PolicyState, isLeaf: boolean): PolicyState {
  const { expected } = state
  const policies = certificate.details.certificatePolicies
  // (e) without the extension the tree is NULL
  if (expected === undefined || policies === undefined) return { ...state, expected: undefined }
  // (d)(1) a policy that is expected, or anything where anyPolicy is
  const kept = [...policies].filter(
    (policy) => policy !== ANY_POLICY && (expected.has(policy) || expected.has(ANY_POLICY)),
  )
  // (d)(2) anyPolicy keeps everything that is expected
  const isAnyAllowed = state.inhibitAnyPolicy > 0 || (!isLeaf && certificate.isSelfIssued)
  if (policies.has(ANY_POLICY) && isAnyAllowed) kept.push(...expected)
  // (d)(3) a tree without a leaf is NULL
  return { ...state, expected: kept.length === 0 ? undefined : new Set(kept) }
}

/** RFC 5280 §6.1.3 (f): a policy is required, and there is none. */
export function lacksPolicy({ explicitPolicy, expected }: PolicyState): boolean {
  return explicitPolicy === 0 && expected === undefined
}

/** RFC 5280 §6.1.4 (a): anyPolicy is mapped, which is never valid. */
export function mapsAnyPolicy(certificate: Certificate): boolean {
  return certificate.details.policyMappings.some(
    ({ issuerDomainPolicy, subjectDomainPolicy }) =>
      issuerDomainPolicy === ANY_POLICY || subjectDomainPolicy === ANY_POLICY,
  )
}

/** RFC 5280 §6.1.4 (b), (h) to (j): what an intermediate asks of the certificates below it. */
export function belowIntermediate(certificate: Certificate, state: PolicyState): PolicyState {
  const { requireExplicitPolicy, inhibitPolicyMapping } = certificate.details.policyConstraints ?? {}
  // (h) a self-issued certificate does not count
  const step = certificate.isSelfIssued ? 0 : 1
  return {
    expected: mapped(certificate, state),
    // (i), (j)
    explicitPolicy: lower(state.explicitPolicy, step, requireExplicitPolicy),
    policyMapping: lower(state.policyMapping, step, inhibitPolicyMapping),
    inhibitAnyPolicy: lower(state.inhibitAnyPolicy, step, certificate.details.inhibitAnyPolicy),
  }
}

/** RFC 5280 §6.1.5 (a), (b): the leaf counts, and can itself require a policy. */
export function afterLeaf(leaf: Certificate, state: PolicyState): PolicyState {
  const isRequired = leaf.details.policyConstraints?.requireExplicitPolicy === 0
  return { ...state, explicitPolicy: isRequired ? 0 : Math.max(0, state.explicitPolicy - 1) }
}

/** RFC 5280 §6.1.4 (b): policies of the issuer's domain become those of the subject's, or end. */
function mapped(certificate: Certificate, { expected, policyMapping }: PolicyState): PolicyState['expected'] {
  const mappings = certificate.details.policyMappings
  if (expected === undefined || mappings.length === 0) return expected
  const next = new Set(expected)
  for (const { issuerDomainPolicy } of mappings) next.delete(issuerDomainPolicy)
  if (policyMapping > 0) {
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      if (expected.has(issuerDomainPolicy) || expected.has(ANY_POLICY)) next.add(subjectDomainPolicy)
    }
  }
  return next.size === 0 ? undefined : next
}

function lower(count: number, step: number, limit = Number.POSITIVE_INFINITY): number {
  return Math.min(Math.max(0, count - step), limit)
}
