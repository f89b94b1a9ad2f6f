import { describe, expect, it } from 'vitest'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { parseRemembered, remember } from '../../../src/svid/x509/remembered.ts'
import { mint, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict } from './verdict-of.ts'

const ROOT = mintCA()
const leafNamed = (name: string, options = {}) => mintLeaf(`spiffe://acme.internal/${name}`, ROOT, options)

describe('what is remembered of certificates', () => {
  it('is that those of a valid path were read', () => {
    const leaf = leafNamed('valid')
    expect(parseRemembered(leaf.der)).not.toBe(parseRemembered(leaf.der))
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
    expect(parseRemembered(leaf.der)).toBe(parseRemembered(Uint8Array.from(leaf.der)))
    expect(Buffer.from(parseRemembered(leaf.der).raw)).toEqual(leaf.der)
  })

  it('is nothing of those that were refused, or were not part of the path', () => {
    const expired = leafNamed('expired', { notBefore: new Date(0), notAfter: new Date(1000) })
    const beside = mintCA({ subject: 'CN=beside', issuer: ROOT })
    expect(verdict([expired], bundleOf(ROOT))).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    expect(verdict([leafNamed('valid'), beside], bundleOf(ROOT))).toBe('accepted')
    expect(parseRemembered(expired.der)).not.toBe(parseRemembered(expired.der))
    expect(parseRemembered(beside.der)).not.toBe(parseRemembered(beside.der))
  })

  it('is found by all bytes, not by those at the end', () => {
    const leaf = leafNamed('original')
    const forged = Uint8Array.from(leaf.der)
    const at = Buffer.from(forged).indexOf('original')
    forged.set(Buffer.from('tampered'), at)
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
    expect(parseRemembered(forged).details.uriSANs).toEqual(['spiffe://acme.internal/tampered'])
    expect(verdict([forged], bundleOf(ROOT))).toBe('ERR_SPIFFE_X509_SVID_SIGNATURE')
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
  })

  it('is nothing of large ones', () => {
    const dns = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${i}.acme.internal`.padStart(60, 'x'))
    const [small, large] = [leafNamed('small', { dns: dns(100) }), leafNamed('large', { dns: dns(200) })]
    expect(verdict([small], bundleOf(ROOT))).toBe('accepted')
    expect(verdict([large], bundleOf(ROOT))).toBe('accepted')
    expect(parseRemembered(small.der)).toBe(parseRemembered(small.der))
    expect(parseRemembered(large.der)).not.toBe(parseRemembered(large.der))
  })

  it('is bounded: the least recently used go first', () => {
    const certificates = Array.from({ length: 4096 + 1 }, (_, i) =>
      Certificate.parse(mint({ serial: i, signatureValue: Buffer.from(`${i}`.padStart(40, 'x')) }).der),
    )
    const [first, second] = certificates
    if (first === undefined || second === undefined) throw new Error('no certificates')
    remember(certificates.slice(0, 4096))
    expect([parseRemembered(first.raw), parseRemembered(second.raw)]).toEqual([first, second])
    expect(parseRemembered(first.raw)).toBe(first)
    expect(parseRemembered(certificates[2]?.raw ?? first.raw)).toBe(certificates[2])
    remember(certificates.slice(4096))
    expect(parseRemembered(first.raw)).toBe(first)
    expect(parseRemembered(certificates[3]?.raw ?? first.raw)).not.toBe(certificates[3])
  })
})
