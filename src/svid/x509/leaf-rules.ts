import type { Certificate } from '../../internal/x509/certificate.ts'
import { EXTENSION, PURPOSE } from '../../internal/x509/oid.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { refusal } from './refusal.ts'

/** What a peer acts as. */
export type Role = 'client' | 'server'

const PURPOSE_OF = { client: PURPOSE.clientAuth, server: PURPOSE.serverAuth } as const

/** The rules for a leaf that a peer authenticates with (X509-SVID §3.1 and §5.2). */
export function assertLeaf(leaf: Certificate, id: SpiffeID, role: Role | undefined): void {
  const { basicConstraints, keyUsage, extendedKeyUsage } = leaf.details
  // X509-SVID §5.2: cA is false, which it also is without Basic Constraints (RFC 5280 §4.2.1.9)
  if (basicConstraints?.cA === true) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_LEAF_IS_CA', 'its leaf is the certificate of a CA')
  }
  // X509-SVID §5.2: keyCertSign and cRLSign are not set
  if (keyUsage?.keyCertSign === true || keyUsage?.cRLSign === true) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN',
      'its leaf may sign certificates or revocation lists',
    )
  }
  // X509-SVID §5.2: the ID has a path
  if (id.path === '') {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH', 'the ID of a leaf has no path')
  }
  // X509-SVID §3.1: without a subject the alternative name is critical
  if (leaf.subject.isEmpty && leaf.extensions.get(EXTENSION.subjectAltName)?.critical !== true) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL',
      'its leaf has no subject, and its alternative name is not critical',
    )
  }
  // RFC 5280 §4.2.1.3: to authenticate is to sign; a leaf without Key Usage may do anything
  if (keyUsage?.digitalSignature === false) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_KEY_USAGE', 'the Key Usage of its leaf lacks digitalSignature', {
      rule: 'RFC 5280 §4.2.1.3',
    })
  }
  // RFC 5280 §4.2.1.12: the purposes, where they are listed, include the one the leaf is used for
  if (
    role !== undefined &&
    extendedKeyUsage?.has(PURPOSE_OF[role]) === false &&
    !extendedKeyUsage.has(PURPOSE.any)
  ) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE',
      `the Extended Key Usage of its leaf does not allow it to act as a ${role}`,
      { rule: 'RFC 5280 §4.2.1.12' },
    )
  }
}
