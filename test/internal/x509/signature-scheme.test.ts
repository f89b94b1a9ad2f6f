import { describe, expect, it } from 'vitest'
import { Certificate } from '../../../src/internal/x509/certificate.ts'
import { signatureHolds } from '../../../src/internal/x509/signature-scheme.ts'
import { constructed, integer, nullValue, oid, sequence } from '../../support/der-writer.ts'
import {
  algorithmDER,
  type KeyName,
  type Minted,
  type MintOptions,
  mintCA,
  mintLeaf,
  pssAlgorithmDER,
  type SignatureName,
} from '../../support/mint.ts'
import { bundleOf, verdict } from '../../svid/x509/verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const ALGORITHM = 'ERR_SPIFFE_X509_SVID_SIGNATURE_ALGORITHM'
const WRONG = 'ERR_SPIFFE_X509_SVID_SIGNATURE'

const authorityWith = (key: KeyName): Minted => mintCA({ subject: `CN=${key}`, key })

function verdictFor(key: KeyName, options: MintOptions): string {
  const authority = authorityWith(key)
  return verdict([mintLeaf(ID, authority, options)], bundleOf(authority))
}

describe('the signature of a certificate', () => {
  it.each<[KeyName, SignatureName]>([
    ['rsa2048', 'sha256'],
    ['rsa2048', 'sha384'],
    ['rsa2048', 'sha512'],
    ['rsa2048', 'pss-sha256'],
    ['rsa2048', 'pss-sha384'],
    ['rsa2048', 'pss-sha512'],
    ['p256', 'sha256'],
    ['p256', 'sha384'],
    ['p256', 'sha512'],
    ['p384', 'sha256'],
    ['p384', 'sha384'],
    ['p521', 'sha512'],
    ['ed25519', 'sha256'],
  ])('may be made by %s with %s', (key, signature) => {
    expect(verdictFor(key, { signature })).toBe('accepted')
  })

  it.each<[KeyName, SignatureName]>([
    ['rsa2048', 'md5'],
    ['rsa2048', 'sha1'],
    ['rsa2048', 'sha224'],
    ['p256', 'sha1'],
    ['p256', 'sha224'],
  ])('may not be made by %s with %s', (key, signature) => {
    expect(verdictFor(key, { signature })).toBe(ALGORITHM)
  })

  it.each([
    ['RSA without the NULL', 'rsa2048', sequence(oid('1.2.840.113549.1.1.11')), 'accepted'],
    ['RSA with SHA-384 without the NULL', 'rsa2048', sequence(oid('1.2.840.113549.1.1.12')), WRONG],
    ['RSA with SHA-512 without the NULL', 'rsa2048', sequence(oid('1.2.840.113549.1.1.13')), WRONG],
    ['RSA with other parameters', 'rsa2048', sequence(oid('1.2.840.113549.1.1.11'), integer(1)), ALGORITHM],
    ['ECDSA with a NULL', 'p256', sequence(oid('1.2.840.10045.4.3.2'), nullValue()), ALGORITHM],
    ['Ed25519 with a NULL', 'ed25519', sequence(oid('1.3.101.112'), nullValue()), ALGORITHM],
    ['PSS without parameters', 'rsa2048', sequence(oid('1.2.840.113549.1.1.10')), ALGORITHM],
    [
      'PSS with the defaults, SHA-1',
      'rsa2048',
      sequence(oid('1.2.840.113549.1.1.10'), sequence()),
      ALGORITHM,
    ],
    ['PSS with a short salt', 'rsa2048', pssAlgorithmDER('sha256', 20), ALGORITHM],
    ['PSS with a default trailer', 'rsa2048', withTrailer(pssAlgorithmDER('sha256')), ALGORITHM],
    ['an algorithm that nobody knows', 'p256', sequence(oid('1.2.3.4')), ALGORITHM],
  ] satisfies [string, KeyName, Uint8Array, string][])(
    'may be called %s, or not',
    (_, key, algorithm, expected) => {
      expect(verdictFor(key, {})).toBe('accepted')
      expect(verdictFor(key, { algorithm })).toBe(expected)
    },
  )

  it.each<[string, KeyName, KeyName]>([
    ['ECDSA and is of RSA', 'rsa2048', 'p256'],
    ['RSA and is of ECDSA', 'p256', 'rsa2048'],
    ['Ed25519 and is of ECDSA', 'p256', 'ed25519'],
    ['ECDSA and is of Ed25519', 'ed25519', 'p256'],
  ])('is refused when it says %s', (_, key, other) => {
    const algorithm = algorithmDER(authorityWith(other).key)
    expect(verdictFor(key, { algorithm })).toBe(WRONG)
  })

  it('is refused when a bit of it, or of what it signs, is another', () => {
    const authority = authorityWith('p256')
    const leaf = mintLeaf(ID, authority)
    const { signature, tbs } = Certificate.parse(leaf.der)
    const at = (part: Uint8Array): number => Buffer.from(leaf.der).indexOf(part)
    const flipped = (position: number): Uint8Array => {
      const der = Uint8Array.from(leaf.der)
      der[position] = (der[position] ?? 0) ^ 1
      return der
    }
    expect(verdict([leaf], bundleOf(authority))).toBe('accepted')
    expect(verdict([flipped(at(signature) + signature.length - 1)], bundleOf(authority))).toBe(WRONG)
    expect(verdict([flipped(at(tbs) + tbs.indexOf(0x02, 8) + 4)], bundleOf(authority))).toBe(WRONG)
    expect(verdict([leaf], bundleOf(authority))).toBe('accepted')
  })

  it('is refused when it is empty, or encoded in another way', () => {
    expect(verdictFor('p256', { signatureValue: Buffer.alloc(0) })).toBe(WRONG)
    expect(verdictFor('p256', { signatureValue: Buffer.alloc(64, 1) })).toBe(WRONG)
    expect(verdictFor('rsa2048', { signatureValue: Buffer.alloc(256, 1) })).toBe(WRONG)
    expect(verdictFor('ed25519', { signatureValue: Buffer.alloc(64, 1) })).toBe(WRONG)
  })

  it('is not looked at where a certificate is trusted for itself', () => {
    const authority = mintCA({ signature: 'sha1', signatureValue: Buffer.from('not a signature') })
    expect(verdict([mintLeaf(ID, authority)], bundleOf(authority))).toBe('accepted')
  })
})

describe('signatureHolds', () => {
  it('is false where the key turns out to be none', () => {
    const scheme = { keyType: 'ec', hash: 'sha256' } as const
    const noKey = (): never => {
      throw new Error('no key')
    }
    expect(signatureHolds(scheme, Buffer.of(1), Buffer.of(2), noKey)).toBe(false)
  })
})

describe('isSignedBy', () => {
  it('remembers that it is, for this key and not for another', () => {
    const issuer = Certificate.parse(authorityWith('p256').der)
    const sameKey = Certificate.parse(mintCA({ subject: 'CN=renamed', key: 'p256' }).der)
    const stranger = Certificate.parse(mintCA({ subject: 'CN=p256', key: 'p256/stranger' }).der)
    const child = Certificate.parse(mintLeaf(ID, authorityWith('p256')).der)
    expect(child.isKnownToBeSignedBy(issuer)).toBe(false)
    expect(child.isSignedBy(stranger)).toBe(false)
    expect(child.isKnownToBeSignedBy(stranger)).toBe(false)
    expect(child.isSignedBy(issuer)).toBe(true)
    expect(child.isKnownToBeSignedBy(issuer)).toBe(true)
    expect(child.isKnownToBeSignedBy(sameKey)).toBe(true)
    expect(child.isKnownToBeSignedBy(stranger)).toBe(false)
    expect(child.isSignedBy(stranger)).toBe(false)
    expect(child.isSignedBy(issuer)).toBe(true)
  })
})

/** RSASSA-PSS parameters that spell out the trailer, which DER leaves out. */
function withTrailer(algorithm: Uint8Array): Uint8Array {
  const parameters = algorithm.subarray(2 + 11)
  return sequence(oid('1.2.840.113549.1.1.10'), sequence(parameters.subarray(2), constructed(3, integer(1))))
}
