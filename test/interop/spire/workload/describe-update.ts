import type { JWTBundleSet, X509BundleSet } from '../../../../src/bundle/index.ts'
import { Certificate } from '../../../../src/internal/x509/certificate.ts'
import type { X509SVID } from '../../../../src/svid/index.ts'
import { dnsNamesOf } from './calls.ts'
import type { Identity } from './protocol.ts'

/** An identity in JSON, without its key. */
export function identityOf(svid: X509SVID): Identity {
  const [leaf] = svid.certificates
  const [der = new Uint8Array()] = svid.rawCertificates
  return {
    id: svid.id.toString(),
    hint: svid.hint,
    serial: leaf?.serialNumber ?? '',
    authority: hex(Certificate.parse(der).details.authorityKeyIdentifier),
    dnsNames: dnsNamesOf(leaf?.subjectAltName),
    validFrom: new Date(leaf?.validFrom ?? '').toISOString(),
    expiresAt: svid.expiresAt.toISOString(),
  }
}

/** The key identifiers of X.509 authorities, by trust domain. */
export const authoritiesOf = (bundles: X509BundleSet): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...bundles].map(({ trustDomain, rawX509Authorities }) => [
      trustDomain.name,
      rawX509Authorities.map((der) => hex(Certificate.parse(der).details.subjectKeyIdentifier)),
    ]),
  )

/** The IDs of JWT authorities, by trust domain. */
export const keysOf = (bundles: JWTBundleSet): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...bundles].map(({ trustDomain, jwtAuthorities }) => [trustDomain.name, [...jwtAuthorities.keys()]]),
  )

/** A string of bytes, as SPIRE writes it. */
const hex = (bytes = ''): string => Buffer.from(bytes, 'latin1').toString('hex')
