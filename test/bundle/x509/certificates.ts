import type { X509Certificate } from 'node:crypto'
import { bitString, oid, sequence } from '../../support/der-writer.ts'
import { type KeyName, mintCA, mintLeaf } from '../../support/mint.ts'

const ca = (name: string, key: KeyName): X509Certificate => mintCA({ subject: `CN=${name}`, key }).certificate

/** Authorities with keys of each type that bundles hold. */
export const authorities: {
  readonly ec: X509Certificate
  readonly rsa: X509Certificate
  readonly ed25519: X509Certificate
} = {
  ec: ca('ec', 'p256/ec'),
  rsa: ca('rsa', 'rsa2048/rsa'),
  ed25519: ca('ed25519', 'ed25519/ed25519'),
}

/** Another authority with a key on P-256. */
export const otherAuthority: X509Certificate = ca('other', 'p256/other')

/** A certificate that is no CA. */
export const leaf: X509Certificate = mintLeaf('spiffe://acme.internal/orders', mintCA(), {
  subject: 'CN=leaf',
}).certificate

/** An authority with a key on P-224, a curve that JWK has no name for. */
export const unnameableAuthority: X509Certificate = ca('p224', 'p224/authority')

/** An authority whose RSA key is cut short. */
export const keylessAuthority: Uint8Array = mintCA({
  spki: sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(Buffer.of(0))),
}).der

/** DER, one certificate after the other. */
export function concatenated(...certificates: readonly X509Certificate[]): Uint8Array {
  return Buffer.concat(certificates.map(({ raw }) => raw))
}
