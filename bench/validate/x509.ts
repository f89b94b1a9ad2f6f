import { verify } from 'node:crypto'
import { X509Bundle } from '../../src/bundle/index.ts'
import { Certificate } from '../../src/internal/x509/certificate.ts'
import { x509svid } from '../../src/svid/index.ts'
import { type Minted, mintCA, mintLeaf } from '../../test/support/mint.ts'
import type { GoSpiffe } from '../go-spiffe.ts'
import { type Contender, compare, contender, print } from '../harness.ts'

/** Enough that what is remembered of the first is gone when its turn comes again. */
const LEAVES = 8192

/** Verification of leaves below an intermediate that is known, beside the one signature check they need. */
export async function compareX509(go: GoSpiffe | undefined): Promise<void> {
  for (const type of ['p256', 'rsa2048'] as const) {
    const authority = mintCA({ subject: 'CN=authority', key: `${type}/authority` })
    const intermediate = mintCA({
      subject: 'CN=intermediate',
      issuer: authority,
      key: `${type}/intermediate`,
    })
    const bundle = X509Bundle.fromX509Authorities('acme.internal', [authority.der])
    const issuerKey = Certificate.parse(intermediate.der).publicKey()
    const leaves = Array.from({ length: LEAVES }, (_, at) => leafOf(at, intermediate, type))
    const parsed = leaves.map((der) => Certificate.parse(der))
    const leaf = (time: number): Uint8Array => leaves[time % LEAVES] ?? intermediate.der
    const chains = leaves.slice(0, 1024).map((der) => [base64(der), base64(intermediate.der)])
    const goContender = await go?.contender({ x509: { authority: base64(authority.der), chains } })
    const seenByGo: Contender[] = goContender === undefined ? [] : [goContender]

    const results = await compare([
      ...seenByGo,
      contender('js-spiffe, a new leaf', (time) => x509svid.verify([leaf(time), intermediate.der], bundle)),
      contender('js-spiffe, a leaf seen before', () => x509svid.verify([leaf(0), intermediate.der], bundle)),
      contender('raw crypto.verify', (time) => {
        const certificate = parsed[time % LEAVES]
        if (
          certificate === undefined ||
          !verify('sha256', certificate.tbs, issuerKey, certificate.signature)
        ) {
          throw new Error('refused')
        }
      }),
    ])
    print(
      `X509-SVID, ${type}, below a known intermediate`,
      results,
      go === undefined ? {} : { 'js-spiffe, a new leaf': 1, 'js-spiffe, a leaf seen before': 20 },
    )
  }
}

function leafOf(at: number, issuer: Minted, type: 'p256' | 'rsa2048'): Uint8Array {
  const id = `spiffe://acme.internal/workload/${at}`
  return mintLeaf(id, issuer, { key: `${type}/leaf`, serial: at + 1 }).der
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}
