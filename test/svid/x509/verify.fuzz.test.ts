import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import type { VerifiedPeer } from '../../../src/svid/index.ts'
import { X509SVID } from '../../../src/svid/index.ts'
import { idFromCert, verify } from '../../../src/svid/x509/index.ts'
import { fuzzRuns } from '../../support/fuzz.ts'
import { concatenated, mintCA, mintLeaf } from '../../support/mint.ts'
import { mutated, mutations } from '../../support/mutations.ts'
import { bundleOf, verdictOf } from './verdict-of.ts'

const signatureChecks = vi.hoisted(() => ({ count: 0 }))

vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:crypto')>()
  return {
    ...original,
    verify: (...args: Parameters<typeof original.verify>) => {
      signatureChecks.count += 1
      return original.verify(...args)
    },
  }
})

const ID = 'spiffe://acme.internal/orders'
const ROOT = mintCA({ subject: 'CN=root' })
const A = mintCA({
  subject: 'CN=a',
  issuer: ROOT,
  nameConstraints: { permitted: [{ uri: 'acme.internal' }] },
})
const B = mintCA({ subject: 'CN=b', issuer: A, pathLen: 0 })
const LEAF = mintLeaf(ID, B, { dns: ['orders.acme.internal'] })
const CHAIN = [LEAF.der, B.der, A.der]
const BUNDLE = bundleOf(ROOT)

const signedBytes = (der: Uint8Array): string => Buffer.from(Certificate.parse(der).tbs).toString('hex')
const SIGNED = new Set([LEAF, B, A, ROOT].map(({ der }) => signedBytes(der)))

/** Verifies a chain; what is accepted must be what was signed, and the work must be bounded. */
function assertSound(chain: readonly Uint8Array[]): void {
  let peer: VerifiedPeer | undefined
  signatureChecks.count = 0
  verdictOf(() => {
    peer = verify(chain, BUNDLE)
  })
  expect(signatureChecks.count).toBeLessThanOrEqual(64)
  if (peer === undefined) return
  expect(peer.id.toString()).toBe(ID)
  for (const der of peer.chain) expect(SIGNED.has(signedBytes(der))).toBe(true)
}

describe('a damaged chain', () => {
  it('is refused, or still what was signed', () => {
    fc.assert(
      fc.property(fc.nat(2), mutations, (which, damages) => {
        assertSound(CHAIN.map((der, i) => (i === which ? mutated(der, damages) : der)))
      }),
      fuzzRuns(0.1),
    )
  })

  it('is refused, or still what was signed, in whatever order and with whatever beside it', () => {
    const certificates = fc.shuffledSubarray([...CHAIN, ROOT.der, ...CHAIN], { minLength: 1 })
    fc.assert(
      fc.property(certificates, fc.nat(6), mutations, (chain, which, damages) => {
        assertSound([LEAF.der, ...chain, mutated(chain[which % chain.length] ?? ROOT.der, damages)])
        assertSound(chain)
      }),
      fuzzRuns(0.02),
    )
  })

  it('makes an own SVID of exactly its bytes, or none', () => {
    const bytes = concatenated(LEAF, B, A)
    fc.assert(
      fc.property(mutations, (damages) => {
        const damaged = mutated(bytes, damages)
        let svid: X509SVID | undefined
        verdictOf(() => {
          svid = X509SVID.parseRaw(damaged, LEAF.keyDER)
        })
        if (svid !== undefined) expect(Buffer.from(svid.marshalRaw().certificates).equals(damaged)).toBe(true)
        verdictOf(() => idFromCert(mutated(LEAF.der, damages)))
      }),
      fuzzRuns(0.05),
    )
  })

  it('makes no private key of another', () => {
    const secret = LEAF.key.export({ format: 'jwk' })
    fc.assert(
      fc.property(mutations, (damages) => {
        let svid: X509SVID | undefined
        verdictOf(() => {
          svid = X509SVID.parseRaw(LEAF.der, mutated(LEAF.keyDER, damages))
        })
        expect(svid?.privateKey.export({ format: 'jwk' }) ?? secret).toEqual(secret)
      }),
      fuzzRuns(0.05),
    )
  })
})
