import type { X509ContextSource } from '../../../../src/svid/index.ts'
import { Authority, type KeyType } from '../../../../src/testing/index.ts'
import { fixedSource } from '../../support/fixed-source.ts'
import type { GoIdentity, TLSVersion } from './go-peer.ts'

export const orders = 'spiffe://acme.internal/orders'
export const checkout = 'spiffe://acme.internal/checkout'

/** One identity in both of its forms: for us and for Go. */
export interface Party {
  readonly source: X509ContextSource
  readonly go: GoIdentity
}

/** Has an authority issue an identity that trusts some authorities. */
export async function party(issuer: Authority, id: string, trusted: readonly Authority[]): Promise<Party> {
  const svid = await issuer.issueX509SVID(id, { impersonate: true })
  const bundles = trusted.map(({ x509Bundle }) => x509Bundle)
  return {
    source: fixedSource(svid, bundles),
    go: {
      ...svid.marshal(),
      bundles: Object.fromEntries(bundles.map((bundle) => [bundle.trustDomain.name, bundle.marshal()])),
    },
  }
}

/**
 * Who meets in the tests. Everybody trusts both authorities, so that what refuses is the authorizer, or the
 * rule that an ID is vouched for by its own trust domain alone.
 */
export async function everybody() {
  const acme = await Authority.create({ trustDomain: 'acme.internal' })
  const partner = await Authority.create({ trustDomain: 'partner.example' })
  const trusted = [acme, partner]
  return {
    orders: await party(acme, orders, trusted),
    checkout: await party(acme, checkout, trusted),
    stranger: await party(acme, 'spiffe://acme.internal/stranger', trusted),
    foreigner: await party(partner, 'spiffe://partner.example/checkout', trusted),
    /** A federated authority that issues in our name. */
    impostor: await party(partner, checkout, trusted),
  }
}

export type Everybody = Awaited<ReturnType<typeof everybody>>

/** What SVIDs come as: the kind of key, and how many intermediates the leaf brings along. */
export const kinds: readonly [name: string, keyType: KeyType, intermediates: number][] = [
  ['ECDSA, leaf alone', 'ec-p256', 0],
  ['ECDSA, leaf with intermediate', 'ec-p384', 1],
  ['RSA, leaf alone', 'rsa-2048', 0],
  ['RSA, leaf with intermediate', 'rsa-2048', 1],
]

/** A server and a client of one kind. */
export async function pair(keyType: KeyType, intermediates: number) {
  const issuer = await Authority.create({
    trustDomain: 'acme.internal',
    keyType,
    jwtKeyType: 'ec-p256',
    intermediates,
  })
  return {
    server: await party(issuer, orders, [issuer]),
    client: await party(issuer, checkout, [issuer]),
  }
}

export const tlsVersions: readonly TLSVersion[] = ['1.2', '1.3']
