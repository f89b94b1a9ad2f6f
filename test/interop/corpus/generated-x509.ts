import { type Minted, type MintOptions, mintCA, mintLeaf } from '../../support/mint.ts'
import type { Random } from './random.ts'

/** A generated chain with the authorities it is judged by. */
export interface GeneratedChain {
  readonly chain: readonly Uint8Array[]
  readonly authorities: readonly Uint8Array[]
}

const id = 'spiffe://acme.internal/orders'
const day = 86_400_000
const days = (count: number): Date => new Date(Math.floor(Date.now() / 1000) * 1000 + count * day)

type Change = readonly [MintOptions, ...MintOptions[]]

const unknown = (critical: boolean) => ({ oid: '1.3.6.1.4.1.55555.1', critical, value: Buffer.from([5, 0]) })

/** What can be strange about any certificate. */
const anyChanges: Change = [
  { notAfter: days(-1), notBefore: days(-2) },
  { notBefore: days(1), notAfter: days(2) },
  { extensions: [unknown(false)] },
  { extensions: [unknown(true)] },
  { aki: false },
  { aki: Buffer.alloc(20, 7) },
  { ski: Buffer.alloc(20, 9) },
  { keyUsage: false },
  { keyUsage: [] },
  { keyUsage: ['digitalSignature', 'keyCertSign'] },
  { keyUsage: ['digitalSignature'] },
  { keyUsage: ['keyEncipherment'] },
  { keyUsage: ['cRLSign'] },
  { basicConstraints: false },
  { basicConstraints: { cA: true } },
  { basicConstraints: { cA: false } },
  { basicConstraints: { cA: true, pathLen: 0 } },
  { basicConstraints: { cA: true, pathLen: 1 } },
  { eku: false },
  { eku: ['serverAuth'] },
  { eku: ['any'] },
  { issuerName: 'O=acme, CN=nobody' },
  { subject: '' },
  { subject: '', sanCritical: false },
  { serial: 0 },
  { serial: -5 },
  { version: 1 },
  { version: 2 },
  { key: 'p384/generated' },
  { key: 'ed25519/generated' },
  { key: 'rsa2048/generated' },
  { key: 'rsa1024/generated' },
  { key: 'p224/generated' },
]

const caChanges: Change = [
  { nameConstraints: { permitted: [{ uri: 'acme.internal' }] } },
  { nameConstraints: { permitted: [{ uri: 'partner.example' }] } },
  { nameConstraints: { excluded: [{ uri: 'acme.internal' }] } },
  { nameConstraints: { permitted: [{ dns: 'acme.internal' }] } },
  { nameConstraints: { excluded: [{ dns: 'evil.example' }] } },
  { nameConstraints: { permitted: [{ ip: '10.0.0.0/8' }], critical: false } },
  { nameConstraints: { permitted: [{ directory: 'O=acme' }] } },
  { uris: ['spiffe://acme.internal'] },
  { uris: ['spiffe://partner.example/x'] },
]

const leafChanges: Change = [
  { uris: ['spiffe://acme.internal'] },
  { uris: ['spiffe://acme.internal/orders/'] },
  { uris: ['spiffe://ACME.internal/orders'] },
  { uris: ['spiffe://partner.example/orders'] },
  { uris: ['https://acme.internal/orders'] },
  { uris: [id, id] },
  { uris: [], dns: ['orders.acme.internal'] },
  { dns: ['orders.acme.internal'] },
  { dns: ['evil.example'] },
  { ips: ['10.1.2.3'] },
  { ips: ['127.0.0.1'] },
  { signature: 'sha384' },
  { signature: 'sha1' },
]

/** Up to three changes at once, most often none. */
function changes(random: Random, own: Change): MintOptions {
  const changed: MintOptions[] = []
  while (changed.length < 3 && random.chance(0.3))
    changed.push(random.pick(random.chance(0.5) ? own : anyChanges))
  return Object.assign({}, ...changed)
}

const usualRoot = mintCA({ subject: 'O=acme, CN=root', key: 'p256/root' })

function makeRoot(random: Random): Minted {
  if (random.chance(0.7)) return usualRoot
  return mintCA({ subject: 'O=acme, CN=root', key: 'p256/root', ...changes(random, caChanges) })
}

function makeIntermediates(random: Random, root: Minted): Minted[] {
  const intermediates: Minted[] = []
  for (let depth = random.below(4); depth > 0; depth--) {
    const subject = `O=acme, CN=intermediate ${random.below(5)}`
    const issuer = intermediates.at(-1) ?? root
    intermediates.push(mintCA({ subject, issuer, key: `p256/${subject}`, ...changes(random, caChanges) }))
  }
  return intermediates
}

/** A chain of up to three intermediates, in or out of order, complete or not, now and then with flipped bits. */
export function generateChain(random: Random): GeneratedChain {
  const root = makeRoot(random)
  const intermediates = makeIntermediates(random, root)
  const leaf = mintLeaf(id, intermediates.at(-1) ?? root, {
    key: 'p256/leaf',
    ...changes(random, leafChanges),
  })
  const anchors = random.chance(0.1) ? [root, ...intermediates] : [root]
  return {
    chain: disturbed(
      [leaf, ...intermediates.toReversed()].map(({ der }) => der),
      root.der,
      random,
    ),
    authorities: anchors.map(({ der }) => der),
  }
}

function disturbed(chain: Uint8Array[], root: Uint8Array, random: Random): readonly Uint8Array[] {
  if (random.chance(0.05)) chain.push(root)
  if (random.chance(0.05)) chain.reverse()
  if (random.chance(0.05)) chain.splice(random.below(chain.length), 1)
  if (random.chance(0.75)) return chain
  return chain.map((der) => (random.chance(0.5) ? flipped(der, random) : der))
}

function flipped(der: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(der)
  const at = random.below(copy.length)
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8))
  return copy
}
