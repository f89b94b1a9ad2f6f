import type { Certificate } from '../../internal/x509/certificate.ts'
import type { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { unsupportedUse } from '../jwk.ts'
import { readJWKSet } from '../jwk-set.ts'
import { type JWTBundle, jwtAuthoritiesOf, makeJWTBundle } from '../jwt/jwt-bundle.ts'
import { type PendingJWTAuthority, readJWTAuthority, writeJWTAuthority } from '../jwt/jwt-jwk.ts'
import { BUNDLE_LIMITS } from '../limits.ts'
import { readOrSkip, type SkippedElement } from '../skipped.ts'
import { makeX509Bundle, type X509Bundle, x509AuthoritiesOf } from '../x509/x509-bundle.ts'
import { readX509Authority, writeX509Authority } from '../x509/x509-jwk.ts'
import { readRefreshHint, readSequenceNumber } from './numbers.ts'

/** What a SPIFFE bundle document says (SPIFFE Trust Domain and Bundle §4). */
export interface SpiffeBundleContents {
  readonly x509Bundle: X509Bundle
  readonly jwtBundle: JWTBundle
  readonly sequenceNumber: bigint | undefined
  readonly refreshHintSeconds: number | undefined
}

/** Reads a SPIFFE bundle document. */
export function readSpiffeBundle(
  trustDomain: TrustDomain,
  document: string | Uint8Array,
): { readonly contents: SpiffeBundleContents; readonly skipped: readonly SkippedElement[] } {
  const set = readJWKSet(document, {
    name: `the SPIFFE bundle of trust domain ${trustDomain}`,
    code: 'ERR_SPIFFE_BUNDLE_MALFORMED',
    spiffeID: trustDomain.idString,
    limits: BUNDLE_LIMITS,
  })
  const skipped = [...set.skipped]
  const x509Authorities: Certificate[] = []
  const jwtAuthorities: PendingJWTAuthority[] = []
  for (const jwk of set.jwks) {
    readOrSkip(jwk.at, skipped, () => {
      switch (jwk.members['use']) {
        case 'x509-svid':
          x509Authorities.push(readX509Authority(jwk))
          break
        case 'jwt-svid':
          jwtAuthorities.push(readJWTAuthority(jwk))
          break
        default:
          throw unsupportedUse(jwk)
      }
    })
  }
  return {
    contents: {
      x509Bundle: makeX509Bundle(trustDomain, x509Authorities),
      jwtBundle: makeJWTBundle(trustDomain, jwtAuthorities, []),
      sequenceNumber: readSequenceNumber(set.members, skipped),
      refreshHintSeconds: readRefreshHint(set.members, skipped),
    },
    skipped,
  }
}

/** Writes a SPIFFE bundle document. */
export function writeSpiffeBundle(bundle: SpiffeBundleContents): string {
  const keys = [
    ...x509AuthoritiesOf(bundle.x509Bundle).map(writeX509Authority),
    ...[...jwtAuthoritiesOf(bundle.jwtBundle)].map(writeJWTAuthority),
  ]
  const members = [`"keys":${JSON.stringify(keys)}`]
  // JSON.stringify knows no bigint, and a number would round it.
  if (bundle.sequenceNumber !== undefined) members.push(`"spiffe_sequence":${bundle.sequenceNumber}`)
  if (bundle.refreshHintSeconds !== undefined)
    members.push(`"spiffe_refresh_hint":${bundle.refreshHintSeconds}`)
  return `{${members.join()}}`
}
