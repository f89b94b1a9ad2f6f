import { X509Certificate } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { X509BundleSource } from '../../../src/bundle/source.ts'
import { X509Bundle } from '../../../src/bundle/x509/x509-bundle.ts'
import { X509BundleSet } from '../../../src/bundle/x509/x509-bundle-set.ts'
import { SpiffeError } from '../../../src/errors.ts'
import { idFromCert, verify } from '../../../src/svid/x509/index.ts'
import { X509SVID } from '../../../src/svid/x509/x509-svid.ts'
import { constructed, octetString, oid, sequence, set, tlv } from '../../support/der-writer.ts'
import { attributeDER, type MintOptions, mint, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, refusalOf, verdict } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const ROOT = mintCA({ subject: 'CN=root' })
const INTERMEDIATE = mintCA({ subject: 'CN=intermediate', issuer: ROOT })
const LEAF = mintLeaf(ID, INTERMEDIATE)
const CHAIN = [LEAF.der, INTERMEDIATE.der]
const BUNDLE = bundleOf(ROOT)

/** An argument that TypeScript would not let through. */
const any = (value: unknown): never => value as never

/** A source that answers whatever it is asked with one thing. */
const answering = (bundle: unknown): X509BundleSource => ({
  getX509Bundle: () => any(bundle),
  getX509Bundles: () => [],
  onChange: () => () => {},
})

describe('verify', () => {
  it('says who the peer is, until when, and by which path', () => {
    const peer = verify(CHAIN, BUNDLE)
    expect(peer.id.toString()).toBe(ID)
    expect(peer.expiresAt).toEqual(new Date(LEAF.certificate.validTo))
    expect(peer.chain.map((der) => Buffer.from(der))).toEqual([LEAF.der, INTERMEDIATE.der, ROOT.der])
    expect(peer.certificate().fingerprint256).toBe(LEAF.certificate.fingerprint256)
    expect(peer.certificate()).toBe(peer.certificate())
  })

  it('says so in a value that nobody can change', () => {
    const peer = verify(CHAIN, BUNDLE)
    expect(() => Object.assign(peer, { id: verify(CHAIN, BUNDLE).id })).toThrow(TypeError)
    expect(() => Object.assign(peer, { note: 'trusted' })).toThrow(TypeError)
  })

  it.each([
    ['UTF-16 of half a character', tlv(0x1e, Buffer.from([65]))],
    ['a broken UTF-8', tlv(0x0c, Buffer.from([0xff]))],
  ])('refuses to show a leaf that OpenSSL cannot read, with %s in its subject', (_, value) => {
    const leaf = mintLeaf(ID, ROOT, { subject: sequence(set(attributeDER('2.5.4.10', value))) })
    expect(verify(CHAIN, BUNDLE).certificate()).toBeInstanceOf(X509Certificate)
    const peer = verify([leaf.der], BUNDLE)
    const error = refusalOf(() => peer.certificate())
    expect(error.code).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
    expect(error.spiffeID).toBe(ID)
    expect(error.cause).toBeInstanceOf(Error)
    const own = X509SVID.parseRaw(leaf.der, leaf.keyDER)
    expect(refusalOf(() => own.certificates).code).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
  })

  it('takes no fault of the program for a certificate that cannot be read', () => {
    class Faulty extends Uint8Array {
      override subarray(): never {
        throw new RangeError('a bug')
      }
    }
    expect(verify([...CHAIN, Uint8Array.of(0)], BUNDLE).id.toString()).toBe(ID)
    expect(() => verify([...CHAIN, new Faulty(100)], BUNDLE)).toThrow(RangeError)
  })

  it('takes bytes of another realm', () => {
    const foreign = (der: Uint8Array): Uint8Array => {
      const bytes = runInNewContext(`new Uint8Array(${der.length})`) as Uint8Array
      bytes.set(der)
      return bytes
    }
    const chain = CHAIN.map(foreign)
    expect(chain[0]).not.toBeInstanceOf(Uint8Array)
    expect(verify(chain, BUNDLE).id.toString()).toBe(ID)
    expect(idFromCert(foreign(LEAF.der)).toString()).toBe(ID)
    expect(X509SVID.parseRaw(foreign(LEAF.der), foreign(LEAF.keyDER)).id.toString()).toBe(ID)
  })

  it('takes DER and objects of node:crypto, mixed', () => {
    expect(verify([LEAF.certificate, INTERMEDIATE.der], BUNDLE).id.toString()).toBe(ID)
    expect(
      verify([new Uint8Array(LEAF.der), new X509Certificate(INTERMEDIATE.der)], BUNDLE).id.toString(),
    ).toBe(ID)
  })

  it('judges anew each time, whatever it has seen before', () => {
    const notAfter = new Date('2026-06-01T00:00:00Z')
    const root = mintCA({ subject: 'CN=judged', notBefore: new Date('2026-01-01T00:00:00Z') })
    const leaf = mintLeaf(ID, root, { notBefore: new Date('2026-05-01T00:00:00Z'), notAfter })
    const now = new Date('2026-05-15T00:00:00Z')
    expect(verdict([leaf], bundleOf(root), { now })).toBe('accepted')
    expect(verdict([leaf], bundleOf(root), { now: new Date(+notAfter + 1) })).toBe(
      'ERR_SPIFFE_X509_SVID_EXPIRED',
    )
    expect(verdict([leaf], BUNDLE, { now })).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(verdict([leaf], bundleOf(root), { now })).toBe('accepted')
  })

  it('hands out copies: to change them changes nothing that is judged later', () => {
    const first = verify(CHAIN, BUNDLE)
    for (const der of first.chain) der.fill(0)
    expect(first.chain.map((der) => Buffer.from(der))).toEqual([LEAF.der, INTERMEDIATE.der, ROOT.der])
    const [leaf, ...rest] = CHAIN.map((der) => new Uint8Array(der))
    if (leaf === undefined) throw new Error('no leaf')
    expect(verify([leaf, ...rest], BUNDLE).id.toString()).toBe(ID)
    leaf.fill(0)
    expect(verdict(CHAIN, BUNDLE)).toBe('accepted')
    expect(verdict([leaf, ...rest], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
  })

  it('refuses an empty chain', () => {
    expect(verdict([], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_NO_CERTIFICATE')
  })

  it('takes 16 certificates and no more', () => {
    const unrelated = Array<Uint8Array>(15).fill(mintCA({ subject: 'CN=unrelated' }).der)
    expect(verdict([LEAF, INTERMEDIATE, ...unrelated.slice(1)], BUNDLE)).toBe('accepted')
    expect(verdict([LEAF, INTERMEDIATE, ...unrelated], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG')
  })

  it('refuses what cannot be read, with the reason as its cause', () => {
    for (const chain of [
      [LEAF.der.subarray(1), INTERMEDIATE.der],
      [LEAF.der, INTERMEDIATE.der.subarray(1)],
    ]) {
      const error = refusalOf(() => verify(chain, BUNDLE))
      expect(error.code).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
      expect(error.cause).toMatchObject({ code: 'ERR_SPIFFE_DER_MALFORMED' })
    }
    const strange = mint({ issuer: ROOT, extensions: [{ oid: '2.5.29.14', value: Buffer.from([5, 0]) }] })
    expect(refusalOf(() => verify([strange.der], BUNDLE)).cause).toMatchObject({
      code: 'ERR_SPIFFE_DER_MALFORMED',
    })
  })

  it('passes over what cannot be read beside the path, and reports it where there is no path', () => {
    const explicitFalse = mint({
      editTBS: ({ extensions: _, ...fields }) => [
        ...Object.values(fields),
        constructed(
          3,
          sequence(sequence(oid('1.2.3.4'), tlv(1, Buffer.from([0])), octetString(Buffer.from([5, 0])))),
        ),
      ],
    })
    for (const unreadable of [explicitFalse.der, Buffer.from('junk'), Buffer.alloc(0)]) {
      expect(verdict([...CHAIN, unreadable], BUNDLE)).toBe('accepted')
      expect(verdict([LEAF, unreadable, INTERMEDIATE], BUNDLE)).toBe('accepted')
      expect(verdict([LEAF, unreadable], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
      expect(verdict([unreadable, ...CHAIN], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
    }
    const expired = bundleOf(mintCA({ subject: 'CN=root', notAfter: new Date(0) }))
    expect(verdict([...CHAIN, Buffer.from('junk')], expired)).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    const error = refusalOf(() => verify([LEAF.der, Buffer.from('junk'), explicitFalse.der], BUNDLE))
    expect(error.message).toContain(ID)
    expect(error.cause).toMatchObject({ code: 'ERR_SPIFFE_DER_MALFORMED' })
  })

  it('names the ID, the rule and the way out in its refusals, and shows no certificate', () => {
    const error = refusalOf(() => verify([LEAF.der], bundleOf(mintCA({ subject: 'CN=other' }))))
    expect(error.name).toBe('SVIDError')
    expect(error.spiffeID).toBe(ID)
    expect(error.message).toMatch(/^spiffe:\/\/acme\.internal\/orders: .*X509-SVID §5\.1/)
    expect(error.message).not.toContain(Buffer.from(LEAF.der).toString('base64').slice(40, 80))
  })

  describe('asks for the bundle of the trust domain of the ID', () => {
    const other = X509Bundle.fromX509Authorities('other.internal', [ROOT.der])

    it('and takes no other one', () => {
      expect(verdict(CHAIN, X509BundleSet.from([BUNDLE, other]))).toBe('accepted')
      expect(verdict(CHAIN, X509BundleSet.from([other]))).toBe('ERR_SPIFFE_X509_SVID_NO_BUNDLE')
      expect(verdict(CHAIN, answering(BUNDLE))).toBe('accepted')
      expect(verdict(CHAIN, answering(other))).toBe('ERR_SPIFFE_X509_SVID_WRONG_BUNDLE')
    })

    it('and trusts nothing where it is empty', () => {
      const error = refusalOf(() => verify(CHAIN, bundleOf()))
      expect(error.code).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
      expect(error.message).toContain('empty')
    })

    it('and refuses to go on with anything that is no bundle', () => {
      for (const answer of [
        null,
        {},
        Promise.resolve(BUNDLE),
        [ROOT.der],
        Object.create(X509Bundle.prototype),
      ]) {
        expect(() => verify(CHAIN, answering(answer))).toThrow(TypeError)
      }
    })

    it('and lets the error of a closed source through', () => {
      const closed = new SpiffeError('ERR_SPIFFE_DER_MALFORMED', 'closed')
      const source = {
        ...answering(undefined),
        getX509Bundle: () => {
          throw closed
        },
      }
      expect(() => verify(CHAIN, source)).toThrow(closed)
    })

    it('and gives the failure of a source a code', () => {
      const failure = new Error('the disk is gone')
      const source = {
        ...answering(undefined),
        getX509Bundle: () => {
          throw failure
        },
      }
      const error = refusalOf(() => verify(CHAIN, source))
      expect(error.code).toBe('ERR_SPIFFE_X509_SVID_BUNDLE_UNAVAILABLE')
      expect(error.spiffeID).toBe(ID)
      expect(error.cause).toBe(failure)
    })

    it('only once the leaf keeps its rules', () => {
      const asked: string[] = []
      const source: X509BundleSource = {
        ...answering(undefined),
        getX509Bundle: (trustDomain) => {
          asked.push(trustDomain.name)
          return BUNDLE
        },
      }
      const unfit: [MintOptions, string][] = [
        [{ isCA: true }, 'ERR_SPIFFE_X509_SVID_LEAF_IS_CA'],
        [{ eku: ['serverAuth'] }, 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'],
        [{ notAfter: new Date(0) }, 'ERR_SPIFFE_X509_SVID_EXPIRED'],
        [{ key: 'rsa1024' }, 'ERR_SPIFFE_X509_SVID_WEAK_KEY'],
      ]
      for (const [options, code] of unfit) {
        const leaf = mintLeaf(ID, INTERMEDIATE, options)
        expect(verdict([leaf, Buffer.from('junk')], source, { role: 'client' })).toBe(code)
      }
      expect(asked).toEqual([])
      expect(verdict(CHAIN, source)).toBe('accepted')
      expect(asked).toEqual(['acme.internal'])
    })
  })

  it.each<[string, () => unknown]>([
    ['a chain that is none', () => verify(any(LEAF.der), BUNDLE)],
    ['a chain of PEM', () => verify(any([LEAF.pem]), BUNDLE)],
    ['a chain of nothing', () => verify(any([undefined]), BUNDLE)],
    ['no bundle source', () => verify(CHAIN, any(undefined))],
    ['something else for a bundle source', () => verify(CHAIN, any([BUNDLE]))],
    ['a role that there is not', () => verify(CHAIN, BUNDLE, { role: any('peer') })],
    ['a number for the time', () => verify(CHAIN, BUNDLE, { now: any(Date.now()) })],
    ['an invalid time', () => verify(CHAIN, BUNDLE, { now: new Date(Number.NaN) })],
    ['options that are none', () => verify(CHAIN, BUNDLE, any(null))],
  ])('throws a TypeError for %s', (_, action) => {
    expect(action).toThrow(TypeError)
  })
})
