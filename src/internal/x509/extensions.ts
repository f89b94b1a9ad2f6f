import { contextConstructed, contextPrimitive, type DERElement, malformed, readDER, TAG } from '../der.ts'
import {
  Components,
  elementsOf,
  readASCII,
  readCount,
  readInteger,
  readNamedBits,
  readOID,
} from '../der-values.ts'
import { closedNamesAt, type GeneralName, readGeneralNames } from './general-name.ts'
import { QUALIFIER } from './oid.ts'

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

/** Under which policies a certificate was issued (RFC 5280 §4.2.1.4). */
export interface CertificatePolicies {
  readonly policies: ReadonlySet<string>
  /** The kinds of qualifiers that any of them has. */
  readonly qualifiers: ReadonlySet<string>
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
  const names = readGeneralNames(readDER(value, closedNamesAt(1)))
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
  const parts = new Components(readDER(value, closedNamesAt(2)), 'the Authority Key Identifier')
  const keyIdentifier = parts.optional(contextPrimitive(0))
  const issuer = parts.optional(contextConstructed(1))
  const serial = parts.optional(contextPrimitive(2))
  parts.end()
  if (issuer !== undefined) readGeneralNames(issuer, issuer.tag)
  if (serial !== undefined) readInteger(serial)
  return keyIdentifier?.contents
}

/** CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation (RFC 5280 §4.2.1.4) */
export function readCertificatePolicies(value: Uint8Array): CertificatePolicies {
  const policies = new Set<string>()
  const qualifiers = new Set<string>()
  for (const information of elementsOf(readDER(value), 'the Certificate Policies')) {
    const parts = new Components(information, 'a policy')
    const policy = readOID(parts.take(TAG.objectIdentifier))
    const list = parts.optional(TAG.sequence)
    parts.end()
    if (list !== undefined) {
      for (const qualifier of elementsOf(list, 'the qualifiers of a policy'))
        qualifiers.add(readQualifier(qualifier))
    }
    if (policies.has(policy)) throw malformed('a policy appears twice', 'RFC 5280 §4.2.1.4')
    policies.add(policy)
  }
  return { policies, qualifiers }
}

/** PolicyQualifierInfo ::= SEQUENCE { policyQualifierId, qualifier ANY DEFINED BY policyQualifierId } */
function readQualifier(element: DERElement): string {
  const parts = new Components(element, 'a policy qualifier')
  const kind = readOID(parts.take(TAG.objectIdentifier))
  if (kind === QUALIFIER.certificationPracticeStatement) readASCII(parts.take(TAG.ia5String))
  else if (kind === QUALIFIER.userNotice) readUserNotice(parts.take(TAG.sequence))
  else parts.takeAny()
  parts.end()
  return kind
}

/** UserNotice ::= SEQUENCE { noticeRef NoticeReference OPTIONAL, explicitText DisplayText OPTIONAL } */
function readUserNotice(element: DERElement): void {
  const parts = new Components(element, 'a user notice')
  parts.optional(TAG.sequence)
  // Of whatever string type: several are in use, and nobody is shown it.
  parts.optionalAny()
  parts.end()
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

function readTypedOID(element: DERElement): string {
  if (element.tag !== TAG.objectIdentifier) throw malformed('a key purpose has another type')
  return readOID(element)
}
