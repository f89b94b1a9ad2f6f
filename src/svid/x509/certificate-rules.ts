import type { Certificate } from '../../internal/x509/certificate.ts'
import { EXTENSION, QUALIFIER } from '../../internal/x509/oid.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { assertStrongKey } from './key-floor.ts'
import { describe, refusal } from './refusal.ts'

// What path validation acts on. The identifiers of keys are only hints, so they are not among these: a
// certificate in which they are critical asks for more than we do.
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.nameConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.policyMappings,
  EXTENSION.policyConstraints,
  EXTENSION.extendedKeyUsage,
  EXTENSION.inhibitAnyPolicy,
])

const PROCESSED_QUALIFIERS: ReadonlySet<string> = new Set(Object.values(QUALIFIER))

/**
 * Refuses a certificate in which something cannot be read, as unread is not the same as absent, or in which a
 * name is empty that must not be.
 */
export function assertReadable(certificate: Certificate): void {
  try {
    void certificate.details
  } catch (cause) {
    throw refusal(undefined, 'ERR_SPIFFE_X509_SVID_MALFORMED', `${describe(certificate)} cannot be read`, {
      cause,
    })
  }
  // RFC 5280 §4.1.2.4: the issuer has a name
  if (certificate.issuer.isEmpty) throw nameless(certificate, 'issuer', 'RFC 5280 §4.1.2.4')
  // RFC 5280 §4.1.2.6: and so has a CA
  if (certificate.subject.isEmpty && certificate.details.basicConstraints?.cA === true) {
    throw nameless(certificate, 'subject', 'RFC 5280 §4.1.2.6')
  }
}

function nameless(certificate: Certificate, field: 'issuer' | 'subject', rule: string): Error {
  return refusal(
    undefined,
    'ERR_SPIFFE_X509_SVID_MALFORMED',
    `${describe(certificate)} has an empty ${field}`,
    { rule },
  )
}

/** Whether the validity period includes the time of the check, its ends too (RFC 5280 §6.1.3 (a)(2), §4.1.2.5). */
export function isValidAt({ notBefore, notAfter }: Certificate, at: number): boolean {
  return notBefore <= at && at <= notAfter
}

/** The rules for every certificate of a path, whatever its place in it. */
export function assertUsable(certificate: Certificate, id: SpiffeID, at: number): void {
  assertValidAt(certificate, id, at)
  assertProcessed(certificate, id)
  assertStrongKey(certificate, id)
}

/** No critical extension is left unprocessed (RFC 5280 §4.2, §6.1.4 (o), §6.1.5 (f)). */
export function assertProcessed(certificate: Certificate, id: SpiffeID): void {
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !PROCESSED.has(oid)) {
      throw refusal(
        id,
        'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
        `${describe(certificate)} has the critical extension ${oid}, which is not processed`,
      )
    }
  }
  assertQualifiersProcessed(certificate, id)
}

/** Critical policies are interpreted with their qualifiers, or refused (RFC 5280 §4.2.1.4). */
function assertQualifiersProcessed(certificate: Certificate, id: SpiffeID): void {
  const { extensions, details } = certificate
  if (extensions.get(EXTENSION.certificatePolicies)?.critical !== true) return
  for (const qualifier of details.policyQualifiers) {
    if (!PROCESSED_QUALIFIERS.has(qualifier)) {
      throw refusal(
        id,
        'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
        `${describe(certificate)} has critical policies with the qualifier ${qualifier}, which is not processed`,
        { rule: 'RFC 5280 §4.2.1.4' },
      )
    }
  }
}

/** The rules for a certificate that issued another one: an authority of the bundle or an intermediate. */
export function assertMayIssue(certificate: Certificate, id: SpiffeID): void {
  // RFC 5280 §6.1.4 (k), X509-SVID §3.2: Basic Constraints are there, and cA is set
  if (certificate.details.basicConstraints?.cA !== true) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN',
      `${describe(certificate)} issued another, but is no CA`,
    )
  }
  // RFC 5280 §6.1.4 (n): a Key Usage, where there is one, has keyCertSign
  if (certificate.details.keyUsage?.keyCertSign === false) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN',
      `${describe(certificate)} issued another, but its Key Usage lacks keyCertSign`,
    )
  }
}

function assertValidAt(certificate: Certificate, id: SpiffeID, at: number): void {
  if (isValidAt(certificate, at)) return
  const { notBefore, notAfter } = certificate
  if (at < notBefore) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_NOT_YET_VALID',
      `${describe(certificate)} is valid from ${new Date(notBefore).toISOString()}`,
    )
  }
  throw refusal(
    id,
    'ERR_SPIFFE_X509_SVID_EXPIRED',
    `${describe(certificate)} expired at ${new Date(notAfter).toISOString()}`,
  )
}
