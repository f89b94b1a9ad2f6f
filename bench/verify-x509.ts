/**
 * How much verifying an X509-SVID costs beside the one signature check that nobody can avoid.
 *
 * Prints ratios of one run, the median of several rounds that take turns: `1.00` is the speed of
 * `crypto.verify` on the signed bytes of the leaf. Times are only for orientation, machines differ.
 */
import { verify } from 'node:crypto'
import { X509Bundle } from '../src/bundle/index.ts'
import { Certificate } from '../src/internal/x509/certificate.ts'
import { x509svid } from '../src/svid/index.ts'
import { type KeyName, type Minted, mintCA, mintLeaf } from '../test/support/mint.ts'

const ROUNDS = 9
const LEAVES = 200

interface Case {
  readonly name: string
  readonly run: () => void
}

for (const type of ['p256', 'rsa2048'] as const) {
  const authority = mintCA({ subject: 'CN=authority', key: `${type}/authority` })
  const intermediate = mintCA({ subject: 'CN=intermediate', issuer: authority, key: `${type}/intermediate` })
  const bundle = X509Bundle.fromX509Authorities('acme.internal', [authority.der])
  const fresh = leaves(ROUNDS * LEAVES, intermediate, type)
  const [known] = leaves(1, intermediate, type)
  if (known === undefined) throw new Error('no leaf')
  const parsed = fresh.map(({ der }) => Certificate.parse(der))
  const issuerKey = Certificate.parse(intermediate.der).publicKey()
  x509svid.verify([known.der, intermediate.der], bundle)

  const rounds: Record<string, number[]> = {}
  for (let round = 0; round < ROUNDS; round++) {
    let next = round * LEAVES
    let nextRaw = round * LEAVES
    const cases: Case[] = [
      {
        name: 'raw signature check',
        run: () => {
          const leaf = parsed[nextRaw++]
          if (leaf === undefined || !verify('sha256', leaf.tbs, issuerKey, leaf.signature))
            throw new Error('refused')
        },
      },
      {
        name: 'new leaf, known intermediate',
        run: () => x509svid.verify([fresh[next++]?.der ?? known.der, intermediate.der], bundle),
      },
      { name: 'leaf seen before', run: () => x509svid.verify([known.der, intermediate.der], bundle) },
    ]
    for (const { name, run } of cases) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < LEAVES; i++) run()
      const perCallUs = Number(process.hrtime.bigint() - start) / LEAVES / 1000
      rounds[name] = [...(rounds[name] ?? []), perCallUs]
    }
  }
  const raw = median(rounds['raw signature check'] ?? [])
  console.log(`\n${type}`)
  for (const [name, times] of Object.entries(rounds)) {
    const time = median(times)
    console.log(
      `  ${name.padEnd(30)} ${(raw / time).toFixed(2).padStart(6)}   ${time.toFixed(1).padStart(7)} µs`,
    )
  }
}

function leaves(count: number, issuer: Minted, type: KeyName): readonly Minted[] {
  return Array.from({ length: count }, (_, i) =>
    mintLeaf(`spiffe://acme.internal/workload/${i}`, issuer, { key: `${type}/leaf`, serial: i + 1 }),
  )
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
