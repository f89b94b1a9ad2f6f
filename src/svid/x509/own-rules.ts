import type { Certificate } from '../../internal/x509/certificate.ts'
import { EXTENSION, PURPOSE } from '../../internal/x509/oid.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { assertProcessed } from './certificate-rules.ts'
import { assertStrongKey } from './key-floor.ts'
import { assertLeaf } from './leaf-rules.ts'
import { describe, refusal } from './refusal.ts'

/**
 * The rules for a leaf of our own: those that a peer will hold it to, and those for who issued it (X509-SVID
 * §4). When it is valid is not among them: a source takes an SVID that is valid from a moment on.
 */
export function assertOwnLeaf(leaf: Certificate, id: SpiffeID): void {
  assertLeaf(leaf, id, undefined)
  assertProcessed(leaf, id)
  assertStrongKey(leaf, id)
  // X509-SVID §4.3: a Key Usage is there, it is critical, and it has digitalSignature
  if (
    leaf.details.keyUsage?.digitalSignature !== true ||
    leaf.extensions.get(EXTENSION.keyUsage)?.critical !== true
  ) {
    throw refusal(id, 'ERR_SPIFFE_X509_SVID_KEY_USAGE', 'its leaf has no critical Key Usage')
  }
  // X509-SVID §4.4: an Extended Key Usage, where there is one, allows both ends of a connection
  const purposes = leaf.details.extendedKeyUsage
  if (purposes !== undefined && !(purposes.has(PURPOSE.serverAuth) && purposes.has(PURPOSE.clientAuth))) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE',
      'the Extended Key Usage of its leaf lacks serverAuth or clientAuth',
    )
  }
}

/** The rules for what stands after a leaf of our own: signing certificates (X509-SVID §3.2, §4.1, §4.3). */
export function assertOwnIntermediate(certificate: Certificate, id: SpiffeID): void {
  if (
    certificate.details.basicConstraints?.cA !== true ||
    certificate.details.keyUsage?.keyCertSign !== true
  ) {
    throw refusal(
      id,
      'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN',
      `${describe(certificate)} stands after the leaf, but lacks cA or keyCertSign`,
      { rule: 'X509-SVID §3.2' },
    )
  }
}
