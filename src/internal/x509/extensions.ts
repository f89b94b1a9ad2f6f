import { contextConstructed, contextPrimitive, malformed, readDER, TAG } from '../der.ts'
import { Components, elementsOf, readCount, readInteger, readNamedBits, readOID } from '../der-values.ts'
import { type GeneralName, readGeneralNames } from './general-name.ts'

/** An extension as it stands in a certificate (RFC 5280 §4.2). */
export interface Extension {
  readonly critical: boolean
  /** The DER that the extension wraps. */
  readonly value: Uint8Array
}

/** What the key of a certificate may be used for (RFC 5280 §4.2.1.3). */
export interface KeyUsage {
  readonly digitalSignature: boolean
  readonly keyCertSign: boolean
  readonly cRLSign: boolean
}

/** Whether a certificate is of an authority, and how far its authority reaches (RFC 5280 §4.2.1.9). */
export interface BasicConstraints {
  readonly cA: boolean
  /** How many intermediates may follow that are not self-issued; any number where absent. */
  readonly pathLen: number | undefined
}

/** When a path must hold to a policy, and when policies may no longer be mapped (RFC 5280 §4.2.1.11). */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined
  readonly inhibitPolicyMapping: number | undefined
}

/** A policy of the issuer that counts as a policy of the subject (RFC 5280 §4.2.1.5). */
export interface PolicyMapping {
  readonly issuerDomainPolicy: string
  readonly subjectDomainPolicy: string
}

/** KeyUsage ::= BIT STRING { digitalSignature (0), … keyCertSign (5), cRLSign (6), … } */
export function readKeyUsage(value: Uint8Array): KeyUsage {
  const element = readDER(value)
  if (element.tag !== TAG.bitString) throw malformed('the Key Usage has another type')
  const bits = readNamedBits(element)
  return { digitalSignature: bits(0), keyCertSign: bits(5), cRLSign: bits(6) }
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL } */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const parts = new Components(readDER(value), 'the Basic Constraints')
  const cA = parts.defaultFalse()
  const pathLen = parts.optional(TAG.integer)
  parts.end()
  return { cA, pathLen: pathLen && readCount(pathLen) }
}

/** ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF KeyPurposeId (RFC 5280 §4.2.1.12) */
export function readExtendedKeyUsage(value: Uint8Array): ReadonlySet<string> {
  return new Set(elementsOf(readDER(value), 'the Extended Key Usage').map(readTypedOID))
}

/** SubjectAltName ::= GeneralNames (RFC 5280 §4.2.1.6) */
export function readSubjectAltName(value: Uint8Array): readonly GeneralName[] {
  const names = readGeneralNames(readDER(value))
  for (const name of names) {
    if (name.form === 'ip' && name.value.length !== 4 && name.value.length !== 16) {
      throw malformed('an IP address has neither 4 nor 16 octets', 'RFC 5280 §4.2.1.6')
    }
  }
  return names
}

/** SubjectKeyIdentifier ::= OCTET STRING (RFC 5280 §4.2.1.2) */
export function readSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const element = readDER(value)
  if (element.tag !== TAG.octetString) throw malformed('the Subject Key Identifier has another type')
  return element.contents
}

/** AuthorityKeyIdentifier ::= SEQUENCE { [0] keyIdentifier, [1] issuer, [2] serial } (RFC 5280 §4.2.1.1) */
export function readAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const parts = new Components(readDER(value), 'the Authority Key Identifier')
  const keyIdentifier = parts.optional(contextPrimitive(0))
  const issuer = parts.optional(contextConstructed(1))
  const serial = parts.optional(contextPrimitive(2))
  parts.end()
  if (issuer !== undefined) readGeneralNames(issuer, issuer.tag)
  if (serial !== undefined) readInteger(serial)
  return keyIdentifier?.contents
}

/** CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation (RFC 5280 §4.2.1.4) */
export function readCertificatePolicies(value: Uint8Array): ReadonlySet<string> {
  const policies = new Set<string>()
  for (const information of elementsOf(readDER(value), 'the Certificate Policies')) {
    const parts = new Components(information, 'a policy')
    const policy = readOID(parts.take(TAG.objectIdentifier))
    const qualifiers = parts.optional(TAG.sequence)
    parts.end()
    if (qualifiers !== undefined) elementsOf(qualifiers, 'the qualifiers of a policy')
    if (policies.has(policy)) throw malformed('a policy appears twice', 'RFC 5280 §4.2.1.4')
    policies.add(policy)
  }
  return policies
}

/** PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy } */
export function readPolicyMappings(value: Uint8Array): readonly PolicyMapping[] {
  return elementsOf(readDER(value), 'the Policy Mappings').map((mapping) => {
    const parts = new Components(mapping, 'a policy mapping')
    const issuerDomainPolicy = readOID(parts.take(TAG.objectIdentifier))
    const subjectDomainPolicy = readOID(parts.take(TAG.objectIdentifier))
    parts.end()
    return { issuerDomainPolicy, subjectDomainPolicy }
  })
}

/** PolicyConstraints ::= SEQUENCE { [0] requireExplicitPolicy, [1] inhibitPolicyMapping }, not empty */
export function readPolicyConstraints(value: Uint8Array): PolicyConstraints {
  const parts = new Components(readDER(value), 'the Policy Constraints')
  const requireExplicitPolicy = parts.optional(contextPrimitive(0))
  const inhibitPolicyMapping = parts.optional(contextPrimitive(1))
  parts.end()
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined) {
    throw malformed('the Policy Constraints are empty', 'RFC 5280 §4.2.1.11')
  }
  return {
    requireExplicitPolicy: requireExplicitPolicy && readCount(requireExplicitPolicy),
    inhibitPolicyMapping: inhibitPolicyMapping && readCount(inhibitPolicyMapping),
  }
}

/** InhibitAnyPolicy ::= SkipCerts ::= INTEGER (0..MAX) (RFC 5280 §4.2.1.14) */
export function readInhibitAnyPolicy(value: Uint8Array): number {
  const element = readDER(value)
  if (element.tag !== TAG.integer) throw malformed('the Inhibit anyPolicy has another type')
  return readCount(element)
}

function readTypedOID(element: Parameters<typeof readOID>[0]): string {
  if (element.tag !== TAG.objectIdentifier) throw malformed('a key purpose has another type')
  return readOID(element)
}
