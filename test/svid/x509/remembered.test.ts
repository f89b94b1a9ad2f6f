import { describe, expect, it } from 'vitest'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { remember, remembered } from '../../../src/svid/x509/remembered.ts'
import { mint, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict } from './verdict-of.ts'

const ROOT = mintCA()
const leafNamed = (name: string, options = {}) => mintLeaf(`spiffe://acme.internal/${name}`, ROOT, options)

describe('what is remembered of certificates', () => {
  it('is that those of a valid path were read', () => {
    const leaf = leafNamed('valid')
    expect(remembered(leaf.der)).toBeUndefined()
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
    const known = remembered(leaf.der)
    expect(Buffer.from(known?.raw ?? [])).toEqual(leaf.der)
    expect(remembered(Uint8Array.from(leaf.der))).toBe(known)
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
    expect(remembered(leaf.der)).toBe(known)
  })

  it('is nothing of those that were refused, or were not part of the path', () => {
    const expired = leafNamed('expired', { notBefore: new Date(0), notAfter: new Date(1000) })
    const beside = mintCA({ subject: 'CN=beside', issuer: ROOT })
    expect(verdict([expired], bundleOf(ROOT))).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    expect(verdict([leafNamed('valid'), beside], bundleOf(ROOT))).toBe('accepted')
    expect([remembered(expired.der), remembered(beside.der), remembered(ROOT.der)]).toEqual(
      Array(3).fill(undefined),
    )
  })

  it('is found by all bytes, not by those at the end', () => {
    const leaf = leafNamed('original')
    const forged = Uint8Array.from(leaf.der)
    const at = Buffer.from(forged).indexOf('original')
    forged.set(Buffer.from('tampered'), at)
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
    expect([remembered(leaf.der) === undefined, remembered(forged)]).toEqual([false, undefined])
    expect(verdict([forged], bundleOf(ROOT))).toBe('ERR_SPIFFE_X509_SVID_SIGNATURE')
    expect(verdict([leaf], bundleOf(ROOT))).toBe('accepted')
  })

  it('is nothing of large ones', () => {
    const dns = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${i}.acme.internal`.padStart(60, 'x'))
    const [small, large] = [leafNamed('small', { dns: dns(100) }), leafNamed('large', { dns: dns(200) })]
    expect(verdict([small], bundleOf(ROOT))).toBe('accepted')
    expect(verdict([large], bundleOf(ROOT))).toBe('accepted')
    expect([remembered(small.der) === undefined, remembered(large.der)]).toEqual([false, undefined])
  })

  it('is bounded: the least recently used go first', () => {
    const certificates = Array.from({ length: 4096 + 1 }, (_, i) =>
      Certificate.parse(mint({ serial: i, signatureValue: Buffer.from(`${i}`.padStart(40, 'x')) }).der),
    )
    const [first, second, third, ...rest] = certificates
    if (first === undefined || second === undefined || third === undefined) throw new Error('no certificates')
    for (const certificate of certificates.slice(0, 4096)) remember(certificate)
    expect(remembered(first.raw)).toBe(first)
    rest.slice(-1).forEach(remember)
    expect([remembered(first.raw), remembered(second.raw), remembered(third.raw)]).toEqual([
      first,
      undefined,
      third,
    ])
  })
})
