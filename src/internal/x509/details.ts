import { bytesKey } from '../bytes.ts'
import {
  type BasicConstraints,
  type Extension,
  type KeyUsage,
  type PolicyConstraints,
  type PolicyMapping,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readInhibitAnyPolicy,
  readKeyUsage,
  readPolicyConstraints,
  readPolicyMappings,
  readSubjectAltName,
  readSubjectKeyIdentifier,
} from './extensions.ts'
import type { GeneralName } from './general-name.ts'
import { type NameConstraints, readNameConstraints } from './name-constraints.ts'
import { EXTENSION } from './oid.ts'
import { type PublicKeyInfo, readPublicKeyInfo } from './public-key-info.ts'

/** What key and extensions of a certificate say. An extension that is absent is `undefined`. */
export interface Details {
  /** RFC 5280 §4.1.2.7 */
  readonly publicKey: PublicKeyInfo
  /** RFC 5280 §4.2.1.3 */
  readonly keyUsage: KeyUsage | undefined
  /** RFC 5280 §4.2.1.9 */
  readonly basicConstraints: BasicConstraints | undefined
  /** RFC 5280 §4.2.1.12 */
  readonly extendedKeyUsage: ReadonlySet<string> | undefined
  /** RFC 5280 §4.2.1.6 */
  readonly subjectAltNames: readonly GeneralName[]
  /** The values of the URIs among the alternative names (X509-SVID §2). */
  readonly uriSANs: readonly string[]
  /** RFC 5280 §4.2.1.10 */
  readonly nameConstraints: NameConstraints | undefined
  /** RFC 5280 §4.2.1.2, as a string of bytes */
  readonly subjectKeyIdentifier: string | undefined
  /** Which key of the issuer it was signed with (RFC 5280 §4.2.1.1), as a string of bytes */
  readonly authorityKeyIdentifier: string | undefined
  /** RFC 5280 §4.2.1.4 */
  readonly certificatePolicies: ReadonlySet<string> | undefined
  /** The kinds of qualifiers of those policies (RFC 5280 §4.2.1.4) */
  readonly policyQualifiers: ReadonlySet<string>
  /** RFC 5280 §4.2.1.5 */
  readonly policyMappings: readonly PolicyMapping[]
  /** RFC 5280 §4.2.1.11 */
  readonly policyConstraints: PolicyConstraints | undefined
  /** RFC 5280 §4.2.1.14 */
  readonly inhibitAnyPolicy: number | undefined
}

const NONE: ReadonlySet<string> = new Set()

/** Reads all of it, or nothing: a certificate in which one thing cannot be read is of no use. */
export function readDetails(spki: Uint8Array, extensions: ReadonlyMap<string, Extension>): Details {
  const read = <T>(oid: string, reader: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(oid)
    return extension === undefined ? undefined : reader(extension.value)
  }
  const subjectAltNames = read(EXTENSION.subjectAltName, readSubjectAltName) ?? []
  const certificatePolicies = read(EXTENSION.certificatePolicies, readCertificatePolicies)
  return {
    publicKey: readPublicKeyInfo(spki),
    keyUsage: read(EXTENSION.keyUsage, readKeyUsage),
    basicConstraints: read(EXTENSION.basicConstraints, readBasicConstraints),
    extendedKeyUsage: read(EXTENSION.extendedKeyUsage, readExtendedKeyUsage),
    subjectAltNames,
    uriSANs: subjectAltNames.flatMap((name) => (name.form === 'uri' ? [name.value] : [])),
    nameConstraints: read(EXTENSION.nameConstraints, readNameConstraints),
    subjectKeyIdentifier: keyOf(read(EXTENSION.subjectKeyIdentifier, readSubjectKeyIdentifier)),
    authorityKeyIdentifier: keyOf(read(EXTENSION.authorityKeyIdentifier, readAuthorityKeyIdentifier)),
    certificatePolicies: certificatePolicies?.policies,
    policyQualifiers: certificatePolicies?.qualifiers ?? NONE,
    policyMappings: read(EXTENSION.policyMappings, readPolicyMappings) ?? [],
    policyConstraints: read(EXTENSION.policyConstraints, readPolicyConstraints),
    inhibitAnyPolicy: read(EXTENSION.inhibitAnyPolicy, readInhibitAnyPolicy),
  }
}

function keyOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && bytesKey(bytes)
}
