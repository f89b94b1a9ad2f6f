import { generateKeyPairSync } from 'node:crypto'
import type {
  Content,
  JWTBundlesResponse,
  JWTSVIDResponse,
  X509SVIDMessage,
  X509SVIDResponse,
} from '../../src/workloadapi/wire/workload-api.ts'
import { signer, token } from '../support/jwt.ts'
import { type Minted, type MintOptions, mintCA, mintLeaf } from '../support/mint.ts'

export type X509SVIDContent = Content<typeof X509SVIDMessage>
export type X509Content = Content<typeof X509SVIDResponse>
export type JWTSVIDContent = Content<typeof JWTSVIDResponse>
export type JWTBundlesContent = Content<typeof JWTBundlesResponse>

/** The time at which good messages are good. */
export const NOW = new Date('2030-01-01T00:00:00Z')
export const HOUR_MS = 3_600_000

export const ORDERS = 'spiffe://acme.internal/orders'

export function inMs(ms: number): Date {
  return new Date(NOW.getTime() + ms)
}

/** An authority that is good for a year; each name has a key of its own. */
export function authorityNamed(name: string, options: MintOptions = {}): Minted {
  return mintCA({
    subject: `CN=${name}`,
    notBefore: inMs(-HOUR_MS),
    notAfter: inMs(8766 * HOUR_MS),
    ...options,
  })
}

export const acme: Minted = authorityNamed('acme')
export const partner: Minted = authorityNamed('partner')

/** A good X509-SVID as the Workload API sends it, an hour long, with changes. */
export function x509SVID(
  changes: Partial<X509SVIDContent> = {},
  { issuer = acme, id = ORDERS, ...mint }: MintOptions & { readonly id?: string } = {},
): X509SVIDContent {
  const leaf = mintLeaf(id, issuer, { notBefore: inMs(-60_000), notAfter: inMs(HOUR_MS), ...mint })
  return {
    spiffeID: id,
    x509SVID: leaf.der,
    x509SVIDKey: leaf.keyDER,
    bundle: issuer.der,
    hint: '',
    ...changes,
  }
}

/** A message of FetchX509SVID. */
export function x509Response(
  svids: readonly X509SVIDContent[] = [x509SVID()],
  federatedBundles: Readonly<Record<string, Uint8Array>> = {},
): X509Content {
  return { svids, crl: [], federatedBundles: new Map(Object.entries(federatedBundles)) }
}

const jwtAuthority = signer('ES256', 'acme-1')

/** A JWK Set with one key of an authority, as SPIRE writes it: without `use`. */
export function jwks(kid = 'acme-1', alg = 'ES256'): Uint8Array {
  const jwk = signer(alg, kid).publicKey.export({ format: 'jwk' })
  return Buffer.from(JSON.stringify({ keys: [{ ...jwk, kid }] }))
}

/** A message of FetchJWTBundles. */
export function jwtBundlesResponse(
  bundles: Readonly<Record<string, Uint8Array>> = { 'spiffe://acme.internal': jwks() },
): JWTBundlesContent {
  return { bundles: new Map(Object.entries(bundles)) }
}

/** A token that is good for five minutes, with changes to its claims. */
export function jwt(claims: Readonly<Record<string, unknown>> = {}): string {
  const issuedAt = NOW.getTime() / 1000
  return token(jwtAuthority, {
    claims: { sub: ORDERS, aud: ['billing'], exp: issuedAt + 300, iat: issuedAt, ...claims },
  })
}

/** Another key, which belongs to no certificate. */
export function strangeKey(): Uint8Array {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'der',
    type: 'pkcs8',
  })
}
