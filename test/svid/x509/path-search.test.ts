import { type KeyObject, X509Certificate } from 'node:crypto'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { X509Bundle } from '../../../src/bundle/index.ts'
import { verify } from '../../../src/svid/x509/index.ts'
import { Path } from '../../../src/svid/x509/path.ts'
import { type Minted, type MintOptions, mint, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, refusalOf, verdict } from './verdict-of.ts'

/** What OpenSSL was asked to check: how many signatures, with which keys. */
const signatureChecks = vi.hoisted(() => ({ count: 0, keys: [] as unknown[] }))

vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:crypto')>()
  return {
    ...original,
    verify: (...args: Parameters<typeof original.verify>) => {
      const { key } = args[2] as { key: KeyObject }
      signatureChecks.count += 1
      signatureChecks.keys.push(key.export({ format: 'jwk' }))
      return original.verify(...args)
    },
  }
})

beforeEach(() => {
  signatureChecks.count = 0
  signatureChecks.keys = []
})

const ID = 'spiffe://acme.internal/orders'
const LIMIT = 'ERR_SPIFFE_X509_SVID_SEARCH_LIMIT'
const EXPIRED = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') }
const UNKNOWN = 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY'
const MALFORMED = 'ERR_SPIFFE_X509_SVID_MALFORMED'

/** The subjects on the path that proves a peer, from the leaf upwards. */
function pathOf(chain: readonly Minted[], ...authorities: readonly Minted[]): readonly string[] {
  const peer = verify(
    chain.map(({ der }) => der),
    bundleOf(...authorities),
  )
  return peer.chain.map((der) => new X509Certificate(der).subject)
}

/** What is said of a chain that is refused. */
function messageOf(chain: readonly Minted[], bundle: X509Bundle): string {
  return refusalOf(() =>
    verify(
      chain.map(({ der }) => der),
      bundle,
    ),
  ).message
}

describe('the search for a path', () => {
  const root = mintCA({ subject: 'CN=root' })
  const a = mintCA({ subject: 'CN=a', issuer: root })
  const b = mintCA({ subject: 'CN=b', issuer: a })
  const leaf = mintLeaf(ID, b, { subject: 'CN=leaf' })

  it('finds it whatever the order, with duplicates and with what does not belong', () => {
    const stranger = mintCA({ subject: 'CN=stranger' })
    const expected = ['CN=leaf', 'CN=b', 'CN=a', 'CN=root']
    expect(pathOf([leaf, b, a], root)).toEqual(expected)
    expect(pathOf([leaf, a, b], root)).toEqual(expected)
    expect(pathOf([leaf, a, a, b, b, leaf, root], stranger, root)).toEqual(expected)
    expect(pathOf([leaf, stranger, b, stranger, a], root, stranger)).toEqual(expected)
  })

  it('ends at any authority of the bundle, self-signed or not', () => {
    expect(pathOf([leaf, b, a], a)).toEqual(['CN=leaf', 'CN=b', 'CN=a'])
    expect(pathOf([leaf], b)).toEqual(['CN=leaf', 'CN=b'])
    expect(pathOf([leaf, b, a], b)).toEqual(['CN=leaf', 'CN=b'])
  })

  it('does not end at a leaf that is in the bundle', () => {
    const selfSigned = mintLeaf(ID, mintCA({ subject: 'CN=self', key: 'p256/self' }), {
      subject: 'CN=self',
      key: 'p256/self',
    })
    expect(verdict([leaf], bundleOf(leaf))).toBe(UNKNOWN)
    expect(verdict([selfSigned], bundleOf(selfSigned))).toBe('ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN')
  })

  it('needs every intermediate', () => {
    expect(verdict([leaf, b], bundleOf(root))).toBe(UNKNOWN)
    expect(verdict([leaf, a], bundleOf(root))).toBe(UNKNOWN)
    expect(verdict([leaf, b, a], bundleOf(mintCA({ subject: 'CN=other' })))).toBe(UNKNOWN)
  })

  it('takes the leaf from the front alone', () => {
    expect(verdict([b, leaf, a], bundleOf(root))).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
  })

  it('chains by name: a key is not enough', () => {
    const renamed = mintCA({ subject: 'CN=renamed', key: 'p256/shared' })
    const original = mintCA({ subject: 'CN=original', key: 'p256/shared' })
    const child = mintLeaf(ID, original)
    expect(verdict([child], bundleOf(original))).toBe('accepted')
    expect(verdict([child], bundleOf(renamed))).toBe(UNKNOWN)
  })

  it('tells authorities of the same name apart by their signatures', () => {
    const same = (key: `p256/${string}`, options = {}): Minted =>
      mintCA({ subject: 'O=SPIRE', key, ...options })
    const [first, second, third] = [same('p256/1'), same('p256/2'), same('p256/3')]
    expect(verdict([mintLeaf(ID, second)], bundleOf(first, second, third))).toBe('accepted')
    expect(verdict([mintLeaf(ID, second)], bundleOf(first, third))).toBe(UNKNOWN)
    const nameless = [same('p256/1', { ski: false }), same('p256/2', { ski: false })]
    const child = mintLeaf(ID, second, { aki: false })
    expect(verdict([child], bundleOf(...nameless))).toBe('accepted')
    expect(verdict([child], bundleOf(nameless[0] ?? first))).toBe('ERR_SPIFFE_X509_SVID_SIGNATURE')
  })

  it('checks the key that the identifier names first, and no other then', () => {
    const same = Array.from({ length: 9 }, (_, i) => mintCA({ subject: 'O=many', key: `p256/many ${i}` }))
    const issuer = same[7] as Minted
    expect(verdict([mintLeaf(ID, issuer)], bundleOf(...same))).toBe('accepted')
    expect(signatureChecks.count).toBe(1)
  })

  it('takes identifiers of keys for hints: a wrong one does not refuse', () => {
    expect(verdict([mintLeaf(ID, root, { aki: Buffer.from('wrong') })], bundleOf(root))).toBe('accepted')
  })

  it('goes another way where authorities have certified each other', () => {
    const key = 'p256/cross'
    const old = mintCA({ subject: 'CN=old root' })
    const next = mintCA({ subject: 'CN=new root', key })
    const cross = mintCA({ subject: 'CN=new root', key, issuer: old })
    const child = mintLeaf(ID, next, { subject: 'CN=child' })
    expect(pathOf([child, cross], old)).toEqual(['CN=child', 'CN=new root', 'CN=old root'])
    expect(pathOf([child, cross], next)).toEqual(['CN=child', 'CN=new root'])
    expect(verdict([child], bundleOf(old))).toBe(UNKNOWN)
  })

  it('goes back where the first way breaks a rule', () => {
    const key = 'p256/renewed'
    const expired = mintCA({ subject: 'CN=renewed', key, issuer: root, ...EXPIRED })
    const tooShort = mintCA({ subject: 'CN=short', key: 'p256/short', issuer: root, pathLen: 0 })
    const viaShort = mintCA({ subject: 'CN=renewed', key, issuer: tooShort })
    const renewed = mintCA({ subject: 'CN=renewed', key, issuer: root })
    const child = mintLeaf(ID, renewed)
    expect(verdict([child, expired], bundleOf(root))).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    expect(verdict([child, tooShort, viaShort], bundleOf(root))).toBe('ERR_SPIFFE_X509_SVID_PATH_TOO_LONG')
    expect(verdict([child, expired, tooShort, viaShort, renewed], bundleOf(root))).toBe('accepted')
  })

  it('does not run in circles', () => {
    const x = mintCA({ subject: 'CN=x', issuer: root })
    const y = mintCA({ subject: 'CN=y', issuer: x })
    const xAgain = mintCA({ subject: 'CN=x', issuer: y, key: 'p256/x again' })
    const xByY: Minted = { ...xAgain, ...mintCA({ subject: 'CN=x', issuer: y }) }
    const child = mintLeaf(ID, y)
    expect(verdict([child, xByY, y, x], bundleOf(root))).toBe('accepted')
    expect(verdict([child, xByY, y], bundleOf(root))).toBe(UNKNOWN)
    const forged = mintLeaf(ID, y, { signatureValue: Buffer.alloc(64) })
    expect(verdict([forged, xByY, y, x], bundleOf(root))).toBe('ERR_SPIFFE_X509_SVID_SIGNATURE')
    expect(verdict([mintLeaf(ID, xAgain), xAgain, xByY, y, x], bundleOf(root))).toBe('accepted')
  })

  it('passes through a name once for each of its keys', () => {
    const self = mintCA({ subject: 'CN=self', key: 'p256/self', issuer: root })
    const selfAgain = mintCA({
      subject: 'CN=self',
      key: 'p256/self',
      issuer: self,
      nameConstraints: { excluded: [{ dns: '' }] },
    })
    const child = mintLeaf(ID, self, { subject: 'CN=child' })
    expect(pathOf([child, selfAgain, self], root)).toEqual(['CN=child', 'CN=self', 'CN=root'])
  })

  it('passes through a key once for each of its names', () => {
    const shared = mintCA({ subject: 'CN=shared', key: 'p256/shared' })
    const renamed = mintCA({ subject: 'CN=renamed', key: 'p256/shared', issuer: shared })
    const child = mintLeaf(ID, renamed, { subject: 'CN=child' })
    expect(pathOf([child, renamed], shared)).toEqual(['CN=child', 'CN=renamed', 'CN=shared'])
  })

  it('reports the first of reasons that are as close', () => {
    const noCA = (serial: number): Minted =>
      mintCA({
        subject: 'CN=no CA',
        key: 'p256/no CA',
        issuer: root,
        serial,
        basicConstraints: { cA: false },
      })
    const [one, other] = [noCA(1), noCA(2)]
    const child = mintLeaf(ID, one)
    expect(messageOf([child, one, other], bundleOf(root))).toContain('serial number 01 issued another')
    expect(messageOf([child, other, one], bundleOf(root))).toContain('serial number 02 issued another')
  })

  it('reports the reason that is closest to the leaf', () => {
    const oldRoot = mintCA({ subject: 'CN=root', key: 'p256/old root', ...EXPIRED })
    const badCA = mintCA({ subject: 'CN=bad', issuer: root, basicConstraints: { cA: false } })
    const constrained = mintCA({
      subject: 'CN=constrained',
      issuer: root,
      nameConstraints: { permitted: [{ uri: 'other' }] },
    })
    expect(verdict([mintLeaf(ID, root)], bundleOf(oldRoot))).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    expect(verdict([mintLeaf(ID, badCA), badCA], bundleOf(oldRoot, root))).toBe(
      'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN',
    )
    expect(verdict([mintLeaf(ID, constrained), badCA, constrained], bundleOf(oldRoot, root))).toBe(
      'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
    )
  })

  it('takes no error for a refusal that is none', () => {
    const withLeaf = vi.spyOn(Path.prototype, 'withLeaf').mockImplementationOnce(() => {
      throw new RangeError('a bug')
    })
    expect(() => verify([mintLeaf(ID, root).der], bundleOf(root))).toThrow(RangeError)
    withLeaf.mockRestore()
    expect(verdict([mintLeaf(ID, root)], bundleOf(root))).toBe('accepted')
  })

  it('names the certificate that is at fault by its serial number', () => {
    const expired = mintCA({ subject: 'CN=expired', issuer: root, serial: 0xbeef, ...EXPIRED })
    const error = refusalOf(() => verify([mintLeaf(ID, expired).der, expired.der], bundleOf(root)))
    expect(error.message).toContain('serial number BEEF expired at 2021-01-01T00:00:00.000Z')
  })
})

describe('the work of the search', () => {
  const root = mintCA({ subject: 'CN=bounded' })

  it('is one signature for a new leaf of a known intermediate, and none for a known one', () => {
    const intermediate = mintCA({ subject: 'CN=known', issuer: root })
    const [first, second] = ['first', 'second'].map((name) =>
      mintLeaf(`spiffe://acme.internal/${name}`, intermediate),
    )
    if (first === undefined || second === undefined) throw new Error('no leaves')
    const checksFor = (leaf: Minted): number => {
      signatureChecks.count = 0
      expect(verdict([leaf, intermediate], bundleOf(root))).toBe('accepted')
      return signatureChecks.count
    }
    expect([checksFor(first), checksFor(second), checksFor(first)]).toEqual([2, 1, 0])
  })

  it('is none where no name leads to an authority', () => {
    const junk = Array.from({ length: 15 }, (_, i) => mintCA({ subject: `CN=junk ${i}` }))
    expect(verdict([mintLeaf(ID, junk[0] as Minted), ...junk], bundleOf(root))).toBe(UNKNOWN)
    expect(signatureChecks.count).toBe(0)
  })

  it('is one signature for each certificate that borrows the name of an authority', () => {
    const forger = mintCA({ subject: 'CN=bounded', key: 'p256/forger' })
    const junk = Array.from({ length: 15 }, (_, i) =>
      mintCA({ subject: 'CN=bounded', issuer: forger, key: `p256/forged ${i}`, aki: root.ski }),
    )
    expect(verdict([mintLeaf(ID, junk[0] as Minted, { aki: root.ski }), ...junk], bundleOf(root))).toBe(
      'ERR_SPIFFE_X509_SVID_SIGNATURE',
    )
    expect(signatureChecks.count).toBe(16)
  })

  it('uses no key that an authority has not vouched for', () => {
    const forger = mintCA({ subject: 'CN=forger', key: 'p256/forger key' })
    const forged: Minted = {
      ...forger,
      ...mintCA({
        subject: 'CN=forger',
        key: 'p256/forger key',
        issuerName: 'CN=bounded',
        issuer: forger,
        aki: root.ski,
      }),
    }
    expect(verdict([mintLeaf(ID, forger), forged], bundleOf(root))).toBe('ERR_SPIFFE_X509_SVID_SIGNATURE')
    expect(signatureChecks.keys).toEqual([root.certificate.publicKey.export({ format: 'jwk' })])
  })

  it('stops after 64 signatures', () => {
    const authorities = Array.from({ length: 9 }, (_, i) =>
      mintCA({ subject: 'CN=crowd', key: `p256/crowd ${i}`, ski: false }),
    )
    const forger = mintCA({ subject: 'CN=crowd', key: 'p256/forger' })
    const junk = Array.from({ length: 15 }, (_, i) =>
      mintCA({ subject: 'CN=crowd', issuer: forger, key: `p256/crowd junk ${i}`, aki: false }),
    )
    const child = mintLeaf(ID, forger, { aki: false })
    expect(verdict([child, ...junk.slice(0, 6)], bundleOf(...authorities))).toBe(
      'ERR_SPIFFE_X509_SVID_SIGNATURE',
    )
    expect(signatureChecks.count).toBe(63)
    signatureChecks.count = 0
    expect(verdict([child, ...junk], bundleOf(...authorities))).toBe('ERR_SPIFFE_X509_SVID_SEARCH_LIMIT')
    expect(signatureChecks.count).toBe(64)
    expect(messageOf([child, ...junk], bundleOf(...authorities))).toContain('64 signatures were checked and')
  })

  describe('among authorities of one name', () => {
    const sameName = (options: MintOptions): Minted =>
      mintCA({ subject: 'CN=crowd', signatureValue: Buffer.alloc(64), ...options })
    const issuer = sameName({ key: 'p256/issuer' })
    const crowdOf = (count: number, options: MintOptions): readonly Minted[] =>
      Array.from({ length: count }, (_, serial) => sameName({ key: 'p256/crowd', serial, ...options }))
    const leaf = mintLeaf(ID, issuer)
    const leafWithoutHint = mintLeaf(ID, issuer, { aki: false })

    it('begins with the one that the key identifier names, however many there are', () => {
      const crowd = [...crowdOf(600, EXPIRED), ...crowdOf(600, {})]
      expect(verdict([leaf], bundleOf(...crowd, issuer))).toBe('accepted')
      expect(signatureChecks.count).toBe(1)
      expect(verdict([leaf], bundleOf(...crowd))).toBe(LIMIT)
    })

    it('goes on with those that have no key identifier, and ends with those that have another', () => {
      const [nameless, renamed] = [
        sameName({ key: 'p256/issuer', ski: false }),
        sameName({ key: 'p256/issuer', ski: Buffer.from('renamed') }),
      ]
      const unreadable = { oid: '2.5.29.14', value: Buffer.from([5, 0]) }
      const crowd = [...crowdOf(2, {}), ...crowdOf(2, { ski: false, extensions: [unreadable] })]
      expect(verdict([mintLeaf(ID, issuer)], bundleOf(...crowd, nameless))).toBe('accepted')
      expect(signatureChecks.count).toBe(1)
      expect(verdict([mintLeaf(ID, issuer)], bundleOf(...crowd, renamed))).toBe('accepted')
      expect(signatureChecks.count).toBe(1 + 3)
    })

    it('stops after 1024 of them', () => {
      const expired = crowdOf(1024, EXPIRED)
      expect(verdict([leafWithoutHint], bundleOf(...expired.slice(1), issuer))).toBe('accepted')
      expect(verdict([leafWithoutHint], bundleOf(...expired, issuer))).toBe(LIMIT)
      const message = messageOf([leafWithoutHint], bundleOf(...expired, issuer))
      expect(message).toContain('1024 authorities were looked at and')
    })

    it('makes no refusal of those that would not be reported', () => {
      const bundle = bundleOf(...crowdOf(9, EXPIRED))
      const written = vi.spyOn(Date.prototype, 'toISOString')
      expect(verdict([leaf], bundle)).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
      expect(written).toHaveBeenCalledTimes(1)
      written.mockRestore()
    })

    it('reads the hints of what came with the leaf, and none out of what cannot be read', () => {
      const junk = mint({
        issuer,
        aki: false,
        extensions: [{ oid: '2.5.29.35', value: Buffer.from([5, 0]) }],
      })
      expect(verdict([leaf, junk], bundleOf(...crowdOf(2, {}), issuer))).toBe('accepted')
      const child = mintLeaf(ID, mintCA({ subject: 'CN=nobody' }))
      expect(verdict([child, junk], bundleOf(...crowdOf(2, {}), issuer))).toBe(MALFORMED)
    })
  })

  it('stops after 256 steps, where certificates that hold make too many paths', () => {
    const constrained = mintCA({
      subject: 'CN=level 0',
      key: 'p256/level 0',
      nameConstraints: { permitted: [{ uri: 'other' }] },
    })
    const level = (n: number): Minted => mintCA({ subject: `CN=level ${n}`, key: `p256/level ${n}` })
    const chain = (levels: number): readonly Minted[] => [
      mintLeaf(ID, level(levels)),
      ...Array.from({ length: levels }, (_, i) =>
        [0, 1].map((serial) =>
          mintCA({ subject: `CN=level ${i + 1}`, key: `p256/level ${i + 1}`, issuer: level(i), serial }),
        ),
      ).flat(),
    ]
    expect(verdict(chain(5), bundleOf(constrained))).toBe('ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED')
    expect(verdict(chain(7), bundleOf(constrained))).toBe('ERR_SPIFFE_X509_SVID_SEARCH_LIMIT')
    expect(messageOf(chain(7), bundleOf(constrained))).toContain('256 steps were taken and')
    expect(verdict(chain(7), bundleOf(level(0)))).toBe('accepted')
  })
})
