import { X509Bundle } from '../../../src/bundle/x509/x509-bundle.ts'
import { X509SVID } from '../../../src/svid/x509/x509-svid.ts'
import { concatenated, type Minted, type MintOptions, mint, mintCA, mintLeaf } from '../../support/mint.ts'
import { StaticSource } from '../../support/static-source.ts'

/** Certificates and key in PEM, as Node takes them from somebody who does not use this library. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

export const ID = {
  server: 'spiffe://a.test/server',
  client: 'spiffe://a.test/client',
  foreign: 'spiffe://b.test/client',
} as const

/** Two trust domains that federate: each with a root, and an intermediate that issues. */
export const rootA: Minted = mintCA({ subject: 'O=a', uris: ['spiffe://a.test'] })
export const issuerA: Minted = mintCA({ subject: 'O=a, CN=issuer', issuer: rootA, uris: ['spiffe://a.test'] })
export const rootB: Minted = mintCA({ subject: 'O=b', uris: ['spiffe://b.test'] })
export const issuerB: Minted = mintCA({ subject: 'O=b, CN=issuer', issuer: rootB, uris: ['spiffe://b.test'] })
/** Nobody trusts it. */
export const rootUnknown: Minted = mintCA({ subject: 'O=unknown', uris: ['spiffe://a.test'] })

export const bundleA: X509Bundle = X509Bundle.parse('a.test', rootA.pem)
export const bundleB: X509Bundle = X509Bundle.parse('b.test', rootB.pem)

/** An X509-SVID as we hold one ourselves, its intermediates included. */
export function svidOf(leaf: Minted, ...intermediates: readonly Minted[]): X509SVID {
  return X509SVID.parseRaw(concatenated(leaf, ...intermediates), leaf.keyDER)
}

/** The same in PEM, whatever it is. */
export function credentialsOf(leaf: Minted, ...intermediates: readonly Minted[]): Credentials {
  return { cert: [leaf, ...intermediates].map(({ pem }) => pem).join(''), key: leaf.keyPEM }
}

/** A leaf that the intermediate of `a.test` issued. */
export function leafA(id: string, options: MintOptions = {}): Minted {
  return mintLeaf(id, issuerA, options)
}

/** Somebody with a fresh, valid SVID of `a.test`, who trusts `a.test` and `b.test`. */
export function sourceFor(id: string): StaticSource {
  return new StaticSource(svidOf(leafA(id), issuerA), [bundleA, bundleB])
}

/** Who may come in at a server that admits all of `a.test`. */
export const good = {
  'with an intermediate': credentialsOf(leafA(ID.client), issuerA),
  'issued by the root': credentialsOf(mintLeaf(ID.client, rootA)),
} satisfies Record<string, Credentials>

/** Who may not, and with which code each is refused. */
export const evil = {
  'of our trust domain, issued by the authority of a federated one': [
    credentialsOf(mintLeaf(ID.client, issuerB), issuerB),
    'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
  ],
  'of a federated trust domain': [
    credentialsOf(mintLeaf(ID.foreign, issuerB), issuerB),
    'ERR_SPIFFE_TLS_UNAUTHORIZED',
  ],
  'of a trust domain without a bundle': [
    credentialsOf(mintLeaf('spiffe://c.test/client', rootUnknown)),
    'ERR_SPIFFE_X509_SVID_NO_BUNDLE',
  ],
  'issued by an unknown authority': [
    credentialsOf(mintLeaf(ID.client, rootUnknown)),
    'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
  ],
  'self-signed': [credentialsOf(mint({ uris: [ID.client] })), 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY'],
  'without a certificate': [undefined, 'ERR_SPIFFE_TLS_NO_PEER_CERTIFICATE'],
} satisfies Record<string, readonly [Credentials | undefined, string]>
