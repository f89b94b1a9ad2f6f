import { concatenated, type Minted, mint, mintCA, mintLeaf } from '../../support/mint.ts'

/** A peer's chain, against the authorities of acme.internal and of partner.example. */
export interface X509Case {
  readonly name: string
  readonly chain: readonly Uint8Array[]
  /** What the bundle of acme.internal holds; the root where absent. */
  readonly authorities?: readonly Minted[]
}

const id = 'spiffe://acme.internal/orders'
const day = 86_400_000
const past = new Date(Date.now() - 2 * day)
const yesterday = new Date(Date.now() - day)
const tomorrow = new Date(Date.now() + day)
const future = new Date(Date.now() + 2 * day)
const expired = { notBefore: past, notAfter: yesterday }

export const root = mintCA({ subject: 'O=acme, CN=root' })
export const partnerRoot = mintCA({ subject: 'O=partner, CN=root' })
const intermediate = mintCA({ subject: 'O=acme, CN=intermediate', issuer: root })
const second = mintCA({ subject: 'O=acme, CN=second', issuer: intermediate })
const leaf = mintLeaf(id, root)

type LeafOptions = Parameters<typeof mintLeaf>[2]
const alone = (name: string, options: LeafOptions, under = root): X509Case => ({
  name,
  chain: [mintLeaf(id, under, options).der],
})
const withID = (name: string, uri: string): X509Case => ({ name, chain: [mintLeaf(uri, root).der] })

/** A leaf below an intermediate of its own kind. */
const below = (
  name: string,
  options: Parameters<typeof mintCA>[0],
  leafOptions: LeafOptions = {},
): X509Case => {
  const issuer = mintCA({ subject: `O=acme, CN=${name}`, issuer: root, ...options })
  return { name, chain: [mintLeaf(id, issuer, leafOptions).der, issuer.der] }
}

/** A leaf below an authority of its own kind. */
const under = (
  name: string,
  options: Parameters<typeof mintCA>[0],
  leafOptions: LeafOptions = {},
): X509Case => {
  const authority = mintCA({ subject: `O=acme, CN=${name}`, ...options })
  return { name, chain: [mintLeaf(id, authority, leafOptions).der], authorities: [authority] }
}

const unknownExtension = (critical: boolean) => ({
  extensions: [{ oid: '1.3.6.1.4.1.55555.1', critical, value: Buffer.from([5, 0]) }],
})
const flipped = (der: Uint8Array): Uint8Array =>
  Uint8Array.from(der, (byte, at) => (at === der.length - 1 ? byte ^ 1 : byte))

const chains: readonly X509Case[] = [
  { name: 'a leaf', chain: [leaf.der] },
  { name: 'a leaf with an intermediate', chain: [mintLeaf(id, intermediate).der, intermediate.der] },
  { name: 'a leaf with two intermediates', chain: [mintLeaf(id, second).der, second.der, intermediate.der] },
  {
    name: 'intermediates in the wrong order',
    chain: [mintLeaf(id, second).der, intermediate.der, second.der],
  },
  { name: 'a chain that holds the authority too', chain: [leaf.der, root.der] },
  {
    name: 'a chain that holds a certificate twice',
    chain: [mintLeaf(id, intermediate).der, intermediate.der, intermediate.der],
  },
  {
    name: 'a chain that holds an unrelated certificate',
    chain: [leaf.der, mintCA({ subject: 'CN=unrelated' }).der],
  },
  {
    name: 'an authority that another one signed',
    chain: [mintLeaf(id, intermediate).der],
    authorities: [intermediate],
  },
  { name: 'a missing intermediate', chain: [mintLeaf(id, second).der, second.der] },
  { name: 'no certificate', chain: [] },
  { name: 'an authority that is not trusted', chain: [mintLeaf(id, mintCA({ subject: 'CN=other' })).der] },
  {
    name: 'an authority of the same name with another key',
    chain: [mintLeaf(id, mintCA({ subject: 'O=acme, CN=root', key: 'p256/other' })).der],
  },
  { name: 'an empty bundle', chain: [leaf.der], authorities: [] },
  { name: 'a trust domain without a bundle', chain: [mintLeaf('spiffe://nobody.example/x', root).der] },
  { name: 'an ID of ours that a federated authority issued', chain: [mintLeaf(id, partnerRoot).der] },
  { name: 'a federated ID', chain: [mintLeaf('spiffe://partner.example/x', partnerRoot).der] },
  { name: 'an issuer by another name', chain: [mintLeaf(id, root, { issuerName: 'CN=nobody' }).der] },
  { name: 'two certificates in one', chain: [concatenated(leaf, intermediate)] },
  { name: 'a signature with a flipped bit', chain: [flipped(leaf.der)] },
  { name: 'no DER', chain: [Buffer.from('not a certificate')] },
  { name: 'a self-signed leaf in the bundle', ...selfSigned() },
]

function selfSigned(): Omit<X509Case, 'name'> {
  const own = mint({ uris: [id] })
  return { chain: [own.der], authorities: [own] }
}

const ids: readonly X509Case[] = [
  withID('an ID without a path', 'spiffe://acme.internal'),
  withID('an ID with a trailing slash', 'spiffe://acme.internal/'),
  withID('an ID with an upper-case trust domain', 'spiffe://ACME.internal/orders'),
  withID('an ID with an upper-case scheme', 'SPIFFE://acme.internal/orders'),
  withID('an ID with a percent-encoded path', 'spiffe://acme.internal/or%64ers'),
  withID('an ID with an empty fragment', 'spiffe://acme.internal/orders#'),
  withID('an ID with an empty query', 'spiffe://acme.internal/orders?'),
  withID('an ID with a port', 'spiffe://acme.internal:443/orders'),
  withID('an ID with dot segments', 'spiffe://acme.internal/a/../orders'),
  withID('another scheme', 'https://acme.internal/orders'),
  withID('an ID of 2049 bytes', `spiffe://acme.internal/${'a'.repeat(2049 - 23)}`),
  withID('an ID of 2048 bytes', `spiffe://acme.internal/${'a'.repeat(2048 - 23)}`),
  alone('no URI SAN', { uris: [], dns: ['orders.internal'] }),
  alone('no SAN at all', { uris: [] }),
  alone('two URI SANs', { uris: [id, 'spiffe://acme.internal/other'] }),
  alone('the same URI SAN twice', { uris: [id, id] }),
  alone('a second URI SAN of another scheme', { uris: [id, 'https://acme.internal'] }),
  alone('DNS, IP and email names too', {
    dns: ['orders.internal'],
    ips: ['127.0.0.1'],
    names: [{ email: 'a@acme.internal' }],
  }),
  alone('an empty subject with a critical SAN', { subject: '' }),
  alone('an empty subject with a SAN that is not critical', { subject: '', sanCritical: false }),
]

const leaves: readonly X509Case[] = [
  alone('a leaf without Key Usage', { keyUsage: false }),
  alone('a leaf without digitalSignature', { keyUsage: ['keyEncipherment'] }),
  alone('a leaf with keyCertSign', { keyUsage: ['digitalSignature', 'keyCertSign'] }),
  alone('a leaf with cRLSign', { keyUsage: ['digitalSignature', 'cRLSign'] }),
  alone('a leaf without Basic Constraints', { basicConstraints: false }),
  alone('a leaf that is a CA', { isCA: true, keyUsage: ['digitalSignature'] }),
  alone('a leaf without Extended Key Usage', { eku: false }),
  alone('a leaf for code signing', { eku: ['codeSigning'] }),
  alone('a leaf with an unknown extension', unknownExtension(false)),
  alone('a leaf with an unknown critical extension', unknownExtension(true)),
  alone('an expired leaf', expired),
  alone('a leaf that is not valid yet', { notBefore: tomorrow, notAfter: future }),
  alone('a leaf whose validity ends before it begins', { notBefore: tomorrow, notAfter: yesterday }),
  alone('a leaf of X.509 version 1', { version: 1 }),
  alone('a leaf with a negative serial number', { serial: -5 }),
  alone('a leaf with a serial number of zero', { serial: 0 }),
  alone('a leaf with a serial number of 21 bytes', { serial: 2n ** 164n }),
  alone('a leaf with the same extension twice', {
    extensions: [{ oid: '2.5.29.15', critical: true, value: Buffer.from([3, 2, 7, 128]) }],
  }),
  alone('a leaf with another algorithm outside than inside', {
    outerAlgorithm: Buffer.from('300d06092a864886f70d01010b0500', 'hex'),
  }),
  alone('a leaf without an Authority Key Identifier', { aki: false }),
  alone('a leaf with the Authority Key Identifier of another', { aki: Buffer.alloc(20, 7) }),
]

const issuers: readonly X509Case[] = [
  below('an intermediate that is no CA', { basicConstraints: { cA: false } }),
  below('an intermediate without Basic Constraints', { basicConstraints: false }),
  below('an intermediate without Key Usage', { keyUsage: false }),
  below('an intermediate without keyCertSign', { keyUsage: ['digitalSignature'] }),
  below('an expired intermediate', expired),
  below('an intermediate with an unknown critical extension', unknownExtension(true)),
  below('an intermediate for servers alone', { eku: ['serverAuth'] }),
  below('an intermediate with an ID of its own trust domain', { uris: ['spiffe://acme.internal'] }),
  below('an intermediate with an ID of another trust domain', { uris: ['spiffe://partner.example'] }),
  below('an intermediate with a pathLen of 0', { pathLen: 0 }),
  under('an expired authority', expired),
  under('an authority that is no CA', { basicConstraints: { cA: false } }),
  under('an authority without keyCertSign', { keyUsage: ['digitalSignature'] }),
  under('an authority without Key Usage', { keyUsage: false }),
  under('an authority with an unknown critical extension', unknownExtension(true)),
  pathLenExceeded(),
]

function pathLenExceeded(): X509Case {
  const short = mintCA({ subject: 'O=acme, CN=short', issuer: root, pathLen: 0 })
  const beyond = mintCA({ subject: 'O=acme, CN=beyond', issuer: short })
  return { name: 'a pathLen of 0 that is exceeded', chain: [mintLeaf(id, beyond).der, beyond.der, short.der] }
}

const constraints = (
  name: string,
  nameConstraints: NonNullable<LeafOptions>['nameConstraints'],
  options: LeafOptions = {},
) => (nameConstraints === undefined ? below(name, {}, options) : below(name, { nameConstraints }, options))

const constrained: readonly X509Case[] = [
  constraints('a permitted trust domain', { permitted: [{ uri: 'acme.internal' }] }),
  constraints('another trust domain permitted', { permitted: [{ uri: 'partner.example' }] }),
  constraints('the trust domain excluded', { excluded: [{ uri: 'acme.internal' }] }),
  constraints('a permitted domain above the trust domain', { permitted: [{ uri: '.internal' }] }),
  constraints(
    'a DNS name outside what is permitted',
    { permitted: [{ dns: 'acme.internal' }] },
    { dns: ['evil.example'] },
  ),
  constraints(
    'a DNS name inside what is permitted',
    { permitted: [{ dns: 'acme.internal' }] },
    { dns: ['a.acme.internal'] },
  ),
  constraints('a DNS constraint and no DNS name', { permitted: [{ dns: 'acme.internal' }] }),
  constraints(
    'an IP address outside what is permitted',
    { permitted: [{ ip: '10.0.0.0/8' }] },
    { ips: ['127.0.0.1'] },
  ),
  constraints(
    'an IP address inside what is permitted',
    { permitted: [{ ip: '10.0.0.0/8' }] },
    { ips: ['10.1.2.3'] },
  ),
  constraints(
    'a directory name inside what is permitted',
    { permitted: [{ directory: 'O=acme' }] },
    { subject: 'O=acme, CN=orders' },
  ),
  constraints(
    'a directory name outside what is permitted',
    { permitted: [{ directory: 'O=partner' }] },
    { subject: 'O=acme, CN=orders' },
  ),
  constraints('an email constraint and no email name', { permitted: [{ email: 'acme.internal' }] }),
  constraints(
    'an email name outside what is permitted',
    { permitted: [{ email: 'acme.internal' }] },
    { names: [{ email: 'a@evil.example' }] },
  ),
]

const keys: readonly X509Case[] = [
  under('P-384 keys', { key: 'p384/c' }, { key: 'p384/l', signature: 'sha384' }),
  under('P-521 keys', { key: 'p521/c' }, { key: 'p521/l', signature: 'sha512' }),
  under('Ed25519 keys', { key: 'ed25519/c' }, { key: 'ed25519/l' }),
  under('RSA keys of 2048 bits', { key: 'rsa2048/c' }, { key: 'rsa2048/l' }),
  under(
    'RSA keys of 2048 bits with PSS',
    { key: 'rsa2048/c' },
    { key: 'rsa2048/l', signature: 'pss-sha256' },
  ),
  under('an RSA key of 1024 bits in the leaf', {}, { key: 'rsa1024/l' }),
  under('an RSA key of 1024 bits in the authority', { key: 'rsa1024/c' }),
  under('a signature with SHA-1', { key: 'rsa2048/c' }, { signature: 'sha1' }),
  under('a signature with MD5', { key: 'rsa2048/c' }, { signature: 'md5' }),
  under('a key on secp256k1', {}, { key: 'secp256k1/l' }),
]

export const x509Cases: readonly X509Case[] = [
  ...chains,
  ...ids,
  ...leaves,
  ...issuers,
  ...constrained,
  ...keys,
]
