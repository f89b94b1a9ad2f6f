import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DERElement, readDER } from '../../../src/internal/der.ts'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { fuzzRuns } from '../../support/fuzz.ts'
import { type MintOptions, mint, otherNameDER } from '../../support/mint.ts'
import { mutated, mutations } from '../../support/mutations.ts'
import { malformedOf } from '../malformed.ts'

const VARIED: readonly MintOptions[] = [
  {},
  {
    isCA: true,
    pathLen: 3,
    nameConstraints: {
      permitted: [{ uri: 'acme.internal' }, { ip: '10.0.0.0/8' }],
      excluded: [{ directory: 'O=x' }],
    },
  },
  {
    dns: ['a.b'],
    ips: ['10.0.0.1', '::1'],
    names: [{ email: 'a@b' }, { directory: 'O=a' }, { raw: otherNameDER('1.2.3', 'x') }],
  },
  { key: 'ed25519', subject: '', sanCritical: true },
]
const CERTIFICATES = VARIED.map((options) => mint(options).der)

/** Does all that can be done with bytes that might be a certificate. */
function readAll(bytes: Uint8Array): Certificate {
  const certificate = Certificate.parse(bytes)
  void certificate.details
  certificate.subject.isWithin(certificate.issuer)
  return certificate
}

function countElements({ children }: DERElement): number {
  return children.reduce((sum, child) => sum + countElements(child), 1)
}

describe('bytes that might be a certificate', () => {
  it('are read, or refused with the code for it, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CERTIFICATES), mutations, (der, damages) => {
        const bytes = mutated(der, damages)
        malformedOf(() => readAll(bytes))
        malformedOf(() => Certificate.parseConcatenated(Buffer.concat([der, bytes])))
      }),
      fuzzRuns(),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        malformedOf(() => readAll(bytes))
      }),
      fuzzRuns(),
    )
  })

  it('give back their own bytes where they are read', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CERTIFICATES), mutations, (der, damages) => {
        const bytes = mutated(der, damages)
        let certificate: Certificate | undefined
        malformedOf(() => {
          certificate = readAll(bytes)
        })
        if (certificate === undefined) return
        expect(Buffer.from(certificate.raw).equals(bytes)).toBe(true)
        expect(Buffer.from(bytes).includes(Buffer.from(certificate.tbs))).toBe(true)
      }),
      fuzzRuns(),
    )
  })

  it('cost no more elements than half their length', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CERTIFICATES), mutations, (der, damages) => {
        const bytes = mutated(der, damages)
        malformedOf(() => expect(countElements(readDER(bytes))).toBeLessThanOrEqual(bytes.length / 2))
      }),
      fuzzRuns(),
    )
  })
})
