import { afterEach, describe, expect, it } from 'vitest'
import { X509Bundle, X509BundleSet } from '../../src/bundle/index.ts'
import type { SpiffeErrorCode } from '../../src/errors.ts'
import { matchOneOf, refusal } from '../../src/spiffeid/index.ts'
import { SVIDError, X509SVID, x509svid } from '../../src/svid/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { X509Source } from '../../src/workloadapi/index.ts'
import { integer, nullValue, octetString, oid, primitive, sequence, tlv } from '../support/der-writer.ts'
import { FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import {
  concatenated,
  type ExtensionInput,
  type Minted,
  type MintOptions,
  mint,
  mintCA,
  mintLeaf,
  type NameInput,
} from '../support/mint.ts'
import { bundleOf, verdict, verdictOf } from '../svid/x509/verdict-of.ts'
import { acme, HOUR_MS, NOW, ORDERS, partner, x509Response, x509SVID } from '../workloadapi/messages.ts'
import { eventually } from '../workloadapi/support.ts'

const ID = 'spiffe://acme.internal/orders'
const ROOT = mintCA({ subject: 'CN=root', key: 'p256/root' })
const INTERMEDIATE = mintCA({ subject: 'CN=intermediate', issuer: ROOT })
const BUNDLE = bundleOf(ROOT)

const leafWith = (options: MintOptions): Minted => mint({ uris: [ID], issuer: INTERMEDIATE, ...options })

/** What becomes of a leaf with changes as a peer's, and as our own. */
const peer = (options: MintOptions = {}): string => verdict([leafWith(options), INTERMEDIATE], BUNDLE)
const own = (options: MintOptions = {}): string =>
  verdictOf(() => {
    const leaf = leafWith(options)
    X509SVID.parseRaw(concatenated(leaf, INTERMEDIATE), leaf.keyDER)
  })

/** What becomes of a good leaf under an authority and an intermediate with changes. */
function under(authority: MintOptions, intermediate: MintOptions = {}, leaf: MintOptions = {}): string {
  const root = mintCA({ subject: 'CN=upper', ...authority })
  const ca = mintCA({ subject: 'CN=lower', issuer: root, ...intermediate })
  return verdict([mintLeaf(ID, ca, leaf), ca], bundleOf(root))
}

const extension = (oid: string, value: Uint8Array, critical = false): ExtensionInput => ({
  oid,
  value,
  critical,
})

describe('X509-SVID', () => {
  it.each<[string, MintOptions]>([
    ['no alternative name', { uris: [] }],
    ['a DNS name alone', { uris: [], dns: ['orders.acme.internal'] }],
    ['an address alone', { uris: [], ips: ['10.0.0.1'] }],
  ])('XS-2-1, B-10: without a URI there is no SVID: %s', (_, options) => {
    expect([peer(), own()]).toEqual(['accepted', 'accepted'])
    expect(peer(options)).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
    expect(own(options)).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
  })

  it.each([
    ['two SPIFFE IDs', [ID, 'spiffe://acme.internal/other']],
    ['an ID and another URI', [ID, 'https://acme.internal']],
    ['another URI and an ID', ['https://acme.internal', ID]],
    ['the same ID twice', [ID, ID]],
    ['an ID and the ID of its trust domain', [ID, 'spiffe://acme.internal']],
  ])('XS-2-2, XS-5.2-5, B-10: with two URIs there is no SVID: %s', (_, uris) => {
    expect([peer(), own()]).toEqual(['accepted', 'accepted'])
    expect(peer({ uris })).toBe('ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS')
    expect(own({ uris })).toBe('ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS')
  })

  it('XS-2-3: names of other kinds may stand beside the ID, in any number', () => {
    const dns = Array.from({ length: 50 }, (_, i) => `orders-${i}.acme.internal`)
    const names: NameInput[] = [{ email: 'orders@acme.internal' }, { directory: 'O=acme' }]
    const options = { dns, ips: ['10.0.0.1', '2001:db8::1'], names }
    expect([peer(options), own(options)]).toEqual(['accepted', 'accepted'])
  })

  it('XS-3.1-1, XS-5.2-4, B-11: the ID of a leaf has a path', () => {
    expect([
      peer({ uris: ['spiffe://acme.internal/a'] }),
      own({ uris: ['spiffe://acme.internal/a'] }),
    ]).toEqual(['accepted', 'accepted'])
    const options = { uris: ['spiffe://acme.internal'] }
    expect(peer(options)).toBe('ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH')
    expect(own(options)).toBe('ERR_SPIFFE_X509_SVID_ID_WITHOUT_PATH')
  })

  it('XS-3.1-2: a leaf needs no subject, if its name is critical then', () => {
    const critical = { subject: '', sanCritical: true }
    const plain = { subject: '', sanCritical: false }
    expect([peer(critical), own(critical)]).toEqual(['accepted', 'accepted'])
    expect([peer({ subject: 'CN=orders', sanCritical: true }), peer({ subject: 'CN=orders' })]).toEqual([
      'accepted',
      'accepted',
    ])
    expect(peer(plain)).toBe('ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL')
    expect(own(plain)).toBe('ERR_SPIFFE_X509_SVID_SAN_NOT_CRITICAL')
  })

  it('XS-3.2-1: nobody is authenticated by a signing certificate, an intermediate or the authority itself', () => {
    const withID = { uris: [ID] }
    const ca = mintCA({ subject: 'CN=ca', issuer: INTERMEDIATE, ...withID })
    const authority = mintCA({ subject: 'CN=authority', ...withID })
    expect(verdict([leafWith({}), INTERMEDIATE], BUNDLE)).toBe('accepted')
    expect(verdict([ca, INTERMEDIATE], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
    expect(verdict([authority], bundleOf(authority))).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
    expect(verdictOf(() => X509SVID.parseRaw(ca.der, ca.keyDER))).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
  })

  it('XS-3.2-2, XS-4.3-2: what issued our own leaf is a signing certificate', () => {
    const leaf = leafWith({})
    const issuedBy = (options: MintOptions): string =>
      verdictOf(() =>
        X509SVID.parseRaw(concatenated(leaf, mintCA({ issuer: ROOT, ...options })), leaf.keyDER),
      )
    expect(issuedBy({ keyUsage: ['keyCertSign', 'cRLSign'] })).toBe('accepted')
    expect(issuedBy({ keyUsage: ['keyCertSign'] })).toBe('accepted')
    expect(issuedBy({ keyUsage: ['cRLSign'] })).toBe('ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN')
    expect(issuedBy({ basicConstraints: { cA: false } })).toBe('ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN')
  })

  it.each<[string, MintOptions]>([
    ['no ID', {}],
    ['the ID of its trust domain', { uris: ['spiffe://acme.internal'] }],
    ['the ID of another trust domain', { uris: ['spiffe://other.internal'] }],
    ['an ID with a path, as none should', { uris: ['spiffe://acme.internal/ca'] }],
    ['an ID with a trailing slash, as an example of the standard', { uris: ['spiffe://acme.internal/'] }],
    ['several URIs', { uris: ['spiffe://acme.internal', 'https://acme.internal'] }],
  ])('XS-3.2-3: an authority may have %s', (_, options) => {
    expect(under(options)).toBe('accepted')
    expect(under({}, options)).toBe('accepted')
  })

  it('XS-4.1-1: the path length that an authority sets holds', () => {
    expect(under({ pathLen: 1 })).toBe('accepted')
    expect(under({ pathLen: 0 })).toBe('ERR_SPIFFE_X509_SVID_PATH_TOO_LONG')
    expect(under({}, { pathLen: 0 })).toBe('accepted')
    expect(peer({ basicConstraints: { cA: false } })).toBe('accepted')
    expect(peer({ basicConstraints: { cA: true } })).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
  })

  it('XS-4.2-1: the URI name constraints that an authority sets hold', () => {
    const within = (uri: string, excluded?: string): MintOptions => ({
      nameConstraints: { permitted: [{ uri }], ...(excluded && { excluded: [{ uri: excluded }] }) },
    })
    expect([under(within('acme.internal')), under({}, within('acme.internal'))]).toEqual([
      'accepted',
      'accepted',
    ])
    expect(under({}, within('other.internal'))).toBe('ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED')
    expect(under(within('other.internal'))).toBe('ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED')
    expect(under({}, within('.internal'))).toBe('accepted')
    expect(under({}, within('.internal', 'acme.internal'))).toBe('ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED')
  })

  it('XS-4.3-1, XS-4.3-3, B-13: our own leaf has a critical Key Usage with digitalSignature', () => {
    const usages = { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] } satisfies MintOptions
    expect([own(), own(usages)]).toEqual(['accepted', 'accepted'])
    expect(own({ keyUsage: false })).toBe('ERR_SPIFFE_X509_SVID_KEY_USAGE')
    expect(own({ keyUsageCritical: false })).toBe('ERR_SPIFFE_X509_SVID_KEY_USAGE')
    expect(own({ keyUsage: ['keyEncipherment'] })).toBe('ERR_SPIFFE_X509_SVID_KEY_USAGE')
  })

  it('XS-4.4-1: the Extended Key Usage of our own leaf has both purposes, critical or not', () => {
    expect([own({ eku: false }), own({ ekuCritical: true }), own({ ekuCritical: false })]).toEqual([
      'accepted',
      'accepted',
      'accepted',
    ])
    expect(own({ eku: ['clientAuth'] })).toBe('ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE')
    expect(own({ eku: ['serverAuth'] })).toBe('ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE')
  })

  it('XS-4.4-2: the Extended Key Usage of an authority is no limit for what it issues', () => {
    for (const eku of [['codeSigning'], ['serverAuth'], ['any']] as const) {
      expect([under({ eku }), under({}, { eku }), under({}, { eku, ekuCritical: true })]).toEqual([
        'accepted',
        'accepted',
        'accepted',
      ])
    }
    expect(under({}, { extensions: [extension('2.5.29.37', sequence())] })).toBe(
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    )
  })

  const long = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') }
  const soon = { notBefore: new Date('2090-01-01T00:00:00Z'), notAfter: new Date('2091-01-01T00:00:00Z') }
  const unknown = (critical: boolean): MintOptions => ({
    extensions: [extension('1.2.3', nullValue(), critical)],
  })
  const requiresPolicy: MintOptions = {
    extensions: [extension('2.5.29.36', sequence(primitive(0, Buffer.from([0]))), true)],
  }

  it.each<[string, string, SpiffeErrorCode]>([
    [
      'the signature of a leaf',
      under({}, {}, { signatureValue: Buffer.alloc(70, 1) }),
      'ERR_SPIFFE_X509_SVID_SIGNATURE',
    ],
    [
      'the signature of an intermediate',
      under({}, { signatureValue: Buffer.alloc(70, 1) }),
      'ERR_SPIFFE_X509_SVID_SIGNATURE',
    ],
    [
      'the algorithm of a signature',
      under({}, {}, { signature: 'sha1' }),
      'ERR_SPIFFE_X509_SVID_SIGNATURE_ALGORITHM',
    ],
    [
      'that algorithm, inside and outside',
      under({}, {}, { outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }),
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
    ['the end of validity', under({}, {}, long), 'ERR_SPIFFE_X509_SVID_EXPIRED'],
    ['the end of validity of an intermediate', under({}, long), 'ERR_SPIFFE_X509_SVID_EXPIRED'],
    ['the end of validity of an authority', under(long), 'ERR_SPIFFE_X509_SVID_EXPIRED'],
    ['the beginning of validity', under({}, {}, soon), 'ERR_SPIFFE_X509_SVID_NOT_YET_VALID'],
    [
      'the chain of names',
      under({}, {}, { issuerName: 'CN=somebody' }),
      'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
    ],
    [
      'the chain of names of an intermediate',
      under({}, { issuerName: 'CN=somebody' }),
      'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
    ],
    ['Basic Constraints', under({}, { basicConstraints: false }), 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['cA', under({}, { basicConstraints: { cA: false } }), 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['keyCertSign', under({}, { keyUsage: ['cRLSign'] }), 'ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN'],
    ['the length of a path', under({ pathLen: 0 }), 'ERR_SPIFFE_X509_SVID_PATH_TOO_LONG'],
    [
      'constraints on DNS names',
      under({ nameConstraints: { permitted: [{ dns: 'other' }] } }, {}, { dns: ['orders'] }),
      'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
    ],
    [
      'constraints on addresses',
      under({ nameConstraints: { excluded: [{ ip: '10.0.0.0/8' }] } }, {}, { ips: ['10.0.0.1'] }),
      'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
    ],
    [
      'constraints on subjects',
      under({ nameConstraints: { excluded: [{ directory: 'O=acme' }] } }, {}, { subject: 'O=ACME' }),
      'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
    ],
    [
      'constraints that are not processed',
      under({ nameConstraints: { permitted: [{ email: 'x' }] } }, {}, { names: [{ email: 'a@x' }] }),
      'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED',
    ],
    ['policies', under({}, requiresPolicy), 'ERR_SPIFFE_X509_SVID_POLICY'],
    [
      'critical extensions of a leaf',
      under({}, {}, unknown(true)),
      'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
    ],
    [
      'critical extensions of an intermediate',
      under({}, unknown(true)),
      'ERR_SPIFFE_X509_SVID_CRITICAL_EXTENSION',
    ],
    [
      'duplicate extensions',
      under({}, {}, { extensions: [extension('2.5.29.15', nullValue())] }),
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
    ['the strength of keys', under({}, {}, { key: 'rsa1024' }), 'ERR_SPIFFE_X509_SVID_WEAK_KEY'],
  ])('XS-5.1-1: path validation as of RFC 5280 looks at %s', (_, found, code) => {
    expect([under({}), under({}, {}, unknown(false)), under({}, unknown(false))]).toEqual([
      'accepted',
      'accepted',
      'accepted',
    ])
    expect(found).toBe(code)
  })

  it('XS-5.2-1, B-12: a leaf with cA is refused though its path is valid', () => {
    expect([peer(), peer({ basicConstraints: false })]).toEqual(['accepted', 'accepted'])
    expect(peer({ basicConstraints: { cA: true } })).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
    for (const role of ['client', 'server'] as const) {
      const leaf = leafWith({ basicConstraints: { cA: true } })
      expect(verdict([leaf, INTERMEDIATE], BUNDLE, { role })).toBe('ERR_SPIFFE_X509_SVID_LEAF_IS_CA')
    }
  })

  it.each(['keyCertSign', 'cRLSign'] as const)('XS-5.2-2, B-12: a leaf with %s is refused', (usage) => {
    expect([peer(), own()]).toEqual(['accepted', 'accepted'])
    const options = { keyUsage: ['digitalSignature', usage] } satisfies MintOptions
    expect(peer(options)).toBe('ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN')
    expect(own(options)).toBe('ERR_SPIFFE_X509_SVID_LEAF_MAY_SIGN')
  })

  it.each([
    'https://acme.internal/orders',
    'SPIFFE://acme.internal/orders',
    'spiffes://acme.internal/orders',
    'urn:spiffe:acme.internal:orders',
    '//acme.internal/orders',
  ])('XS-5.2-3: the scheme of the ID is spiffe, so not %s', (uri) => {
    expect(peer({ uris: ['spiffe://acme.internal/orders'] })).toBe('accepted')
    expect(peer({ uris: [uri] })).toBe('ERR_SPIFFE_X509_SVID_ID_INVALID')
    expect(own({ uris: [uri] })).toBe('ERR_SPIFFE_X509_SVID_ID_INVALID')
  })
})

describe('what other libraries have learnt about X509-SVIDs', () => {
  it('B-13: a peer without Key Usage passes, and one whose Key Usage lacks digitalSignature does not', () => {
    expect([peer(), peer({ keyUsage: false })]).toEqual(['accepted', 'accepted'])
    expect(peer({ keyUsage: ['keyEncipherment', 'keyAgreement'] })).toBe('ERR_SPIFFE_X509_SVID_KEY_USAGE')
    expect(peer({ keyUsage: [] })).toBe('ERR_SPIFFE_X509_SVID_KEY_USAGE')
  })

  it.each<[string, MintOptions]>([
    [
      'Basic Constraints',
      { basicConstraints: false, extensions: [extension('2.5.29.19', octetString(Buffer.from([1])))] },
    ],
    [
      'Basic Constraints of BER',
      { basicConstraints: false, extensions: [extension('2.5.29.19', sequence(tlv(1, Buffer.from([1]))))] },
    ],
    ['a Key Usage', { keyUsage: false, extensions: [extension('2.5.29.15', integer(128))] }],
    [
      'a Key Usage that is cut off',
      { keyUsage: false, extensions: [extension('2.5.29.15', Buffer.from([3, 2, 7]))] },
    ],
  ])('B-14: %s that cannot be read is not absent', (_, options) => {
    expect([peer({ basicConstraints: false }), peer({ keyUsage: false })]).toEqual(['accepted', 'accepted'])
    expect(peer(options)).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
    expect(own(options)).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
    expect(under({}, { ...options, isCA: true })).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
  })

  it('B-15: bytes after a certificate are refused, and several come out as they were', () => {
    const leaf = leafWith({})
    const chain = concatenated(leaf, INTERMEDIATE)
    expect(Buffer.from(X509SVID.parseRaw(chain, leaf.keyDER).marshalRaw().certificates)).toEqual(chain)
    expect(verdict([leaf, INTERMEDIATE], BUNDLE)).toBe('accepted')
    expect(verdict([Buffer.concat([leaf.der, Buffer.alloc(1)]), INTERMEDIATE.der], BUNDLE)).toBe(
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    )
    expect(verdict([leaf.der, Buffer.concat([INTERMEDIATE.der, ROOT.der])], BUNDLE)).toBe(
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    )
    const trailing = Buffer.concat([chain, Buffer.alloc(1)])
    expect(verdictOf(() => X509SVID.parseRaw(trailing, leaf.keyDER))).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
  })

  it('B-16: what is too much is refused with a code for it', () => {
    const leaf = leafWith({})
    const crowd = Array<Minted>(15).fill(INTERMEDIATE)
    expect(verdict([leaf, ...crowd], BUNDLE)).toBe('accepted')
    expect(verdict([leaf, INTERMEDIATE, ...crowd], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG')
    expect(verdictOf(() => X509SVID.parseRaw(concatenated(leaf, ...crowd), leaf.keyDER))).toBe('accepted')
    expect(verdictOf(() => X509SVID.parseRaw(concatenated(leaf, INTERMEDIATE, ...crowd), leaf.keyDER))).toBe(
      'ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG',
    )
    const uris = Array.from({ length: 33 }, (_, i) => `spiffe://acme.internal/${i}`)
    expect([peer({ uris }), own({ uris })]).toEqual(Array(2).fill('ERR_SPIFFE_X509_SVID_SEVERAL_URI_SANS'))
    const ofLength = (length: number): MintOptions => ({
      uris: ['spiffe://acme.internal/'.padEnd(length, 'a')],
    })
    expect([peer(ofLength(2048)), own(ofLength(2048))]).toEqual(['accepted', 'accepted'])
    expect([peer(ofLength(2049)), own(ofLength(2049))]).toEqual(
      Array(2).fill('ERR_SPIFFE_X509_SVID_ID_INVALID'),
    )
  })

  it('B-17: what is left of a chain without its leaf can be written, also where nothing is left', () => {
    const { chain } = x509svid.verify([leafWith({}).der, INTERMEDIATE.der], BUNDLE)
    const rest = X509Bundle.fromX509Authorities('acme.internal', chain.slice(1))
    expect(rest.marshal()).toBe(INTERMEDIATE.pem + ROOT.pem)
    expect(X509Bundle.fromX509Authorities('acme.internal', chain.slice(3)).marshal()).toBe('')
  })

  it('B-20: PEM is read with CRLF, text in front, comments and blocks of other kinds', () => {
    const leaf = leafWith({})
    const pem = [
      'Bag Attributes',
      '    localKeyID: 01',
      '# our identity',
      leaf.pem,
      leaf.keyPEM,
      '# its issuer',
      INTERMEDIATE.pem,
    ]
    const text = pem.join('\n').replaceAll('\n', '\r\n')
    const svid = X509SVID.parse(text, text)
    expect(svid.marshal()).toEqual({ certificates: leaf.pem + INTERMEDIATE.pem, privateKey: leaf.keyPEM })
    const broken = text.replace('-----END CERTIFICATE-----', '-----END CERT-----')
    expect(verdictOf(() => X509SVID.parse(broken, text))).toBe('ERR_SPIFFE_X509_SVID_MALFORMED')
  })

  it.each([
    ['a DNS name', { dns: ['orders, URI:spiffe://acme.internal/admin'] }],
    ['a DNS name in quotes', { dns: ['orders", URI:"spiffe://acme.internal/admin'] }],
    [
      'a directory name',
      { names: [{ directory: 'CN=x' }, { email: 'a, URI:spiffe://acme.internal/admin' }] },
    ],
    ['the subject', { subject: 'CN=orders, O=URI:spiffe://acme.internal/admin' }],
  ] satisfies [string, MintOptions][])('B-22: text in %s gives no ID', (_, options) => {
    const leaf = mintLeaf(ID, INTERMEDIATE, options)
    expect(x509svid.verify([leaf.der, INTERMEDIATE.der], BUNDLE).id.toString()).toBe(ID)
    expect(peer({ ...options, uris: [] })).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
  })

  it('B-23: each certificate of a chain is judged as it must be', () => {
    const leaf = leafWith({})
    const expired = mintCA({
      subject: 'CN=intermediate',
      issuer: ROOT,
      notBefore: new Date(0),
      notAfter: new Date(1),
    })
    const noCA = mintCA({ subject: 'CN=no ca', issuer: ROOT, basicConstraints: { cA: false } })
    const old = mintCA({ subject: 'CN=old root' })
    const cross = mintCA({ subject: 'CN=root', key: 'p256/root', issuer: old })
    expect(verdict([leaf, INTERMEDIATE], BUNDLE)).toBe('accepted')
    expect(verdict([leaf, ROOT, expired, noCA, INTERMEDIATE, INTERMEDIATE, leaf], BUNDLE)).toBe('accepted')
    expect(verdict([leaf, cross, INTERMEDIATE], bundleOf(old))).toBe('accepted')
    expect(verdict([INTERMEDIATE, leaf], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_NO_URI_SAN')
    expect(verdict([leaf, expired], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_EXPIRED')
    expect(verdict([mintLeaf(ID, noCA), noCA], BUNDLE)).toBe('ERR_SPIFFE_X509_SVID_ISSUER_MAY_NOT_SIGN')
    for (const [eku, client, server] of [
      [false, true, true],
      [['any'], true, true],
      [['clientAuth'], true, false],
      [['codeSigning'], false, false],
    ] as const) {
      const code = (isAllowed: boolean): string =>
        isAllowed ? 'accepted' : 'ERR_SPIFFE_X509_SVID_EXTENDED_KEY_USAGE'
      const chain = [leafWith({ eku }), INTERMEDIATE]
      expect(verdict(chain, BUNDLE, { role: 'client' })).toBe(code(client))
      expect(verdict(chain, BUNDLE, { role: 'server' })).toBe(code(server))
    }
  })

  it('B-24: what one trust domain signed says nothing about another, though both are trusted', () => {
    const other = mintCA({ subject: 'CN=other' })
    const bundles = X509BundleSet.from([
      BUNDLE,
      X509Bundle.fromX509Authorities('other.internal', [other.der]),
    ])
    const theirs = 'spiffe://other.internal/orders'
    expect(verdict([mintLeaf(ID, ROOT)], bundles)).toBe('accepted')
    expect(verdict([mintLeaf(theirs, other)], bundles)).toBe('accepted')
    expect(verdict([mintLeaf(ID, other)], bundles)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(verdict([mintLeaf(theirs, ROOT)], bundles)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    const crossed = mintCA({ subject: 'CN=root', issuer: other, key: 'p256/crossed' })
    expect(verdict([mintLeaf(ID, crossed), crossed], bundles)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
  })

  it('B-25: an authority that leaves the bundle vouches for nobody', () => {
    const next = mintCA({ subject: 'CN=next' })
    const both = BUNDLE.withX509Authority(next.der)
    const leaf = leafWith({})
    expect([verdict([leaf, INTERMEDIATE], both), verdict([mintLeaf(ID, next)], both)]).toEqual([
      'accepted',
      'accepted',
    ])
    const without = both.withoutX509Authority(ROOT.der)
    expect(verdict([leaf, INTERMEDIATE], without)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(verdict([leaf, INTERMEDIATE, ROOT], without)).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
    expect(verdict([mintLeaf(ID, next)], without)).toBe('accepted')
  })

  it('B-27: a policy that leaves no bundle, or no peer, admits nobody', () => {
    const chain = [leafWith({}), INTERMEDIATE]
    const all = X509BundleSet.from([BUNDLE])
    expect(verdict(chain, all)).toBe('accepted')
    expect(verdict(chain, all.withoutBundle('acme.internal'))).toBe('ERR_SPIFFE_X509_SVID_NO_BUNDLE')
    const admitted = x509svid.verify(
      chain.map(({ der }) => der),
      BUNDLE,
    )
    expect(refusal(matchOneOf(ID), admitted.id, admitted)).toBeUndefined()
    expect(refusal(matchOneOf(), admitted.id, admitted)).toBeTypeOf('string')
  })

  const rawURI = (tag: number, octets: Uint8Array): MintOptions => ({
    uris: [],
    names: [{ raw: tlv(tag, octets) }],
  })

  it.each<[string, MintOptions, SpiffeErrorCode]>([
    ['UTF-8', rawURI(0x86, Buffer.from('spiffe://acme.internal/ä')), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['UTF-16', rawURI(0x86, Buffer.from(ID, 'utf16le').swap16()), 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    ['a NUL at its end', rawURI(0x86, Buffer.from(`${ID}\0`)), 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    [
      'a NUL within',
      rawURI(0x86, Buffer.from('spiffe://acme.internal/orders\0.evil')),
      'ERR_SPIFFE_X509_SVID_ID_INVALID',
    ],
    ['a line feed', rawURI(0x86, Buffer.from(`${ID}\n`)), 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    ['a constructed string', rawURI(0xa6, tlv(0x16, Buffer.from(ID))), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['a plain IA5String', rawURI(0x16, Buffer.from(ID)), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['a BMPString', rawURI(0x1e, Buffer.from(ID, 'utf16le').swap16()), 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ['no text', rawURI(0x86, Buffer.alloc(0)), 'ERR_SPIFFE_X509_SVID_ID_INVALID'],
    [
      'a huge length',
      { uris: [], extensions: [extension('2.5.29.17', Buffer.from('30840fffffff8601', 'hex'))] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
    [
      'an indefinite length',
      { uris: [], extensions: [extension('2.5.29.17', Buffer.from('308086016100000000', 'hex'))] },
      'ERR_SPIFFE_X509_SVID_MALFORMED',
    ],
  ])('B-30: an ID in %s is refused', (_, options, code) => {
    expect(peer(rawURI(0x86, Buffer.from(ID)))).toBe('accepted')
    expect(peer(options)).toBe(code)
    expect(own(options)).toBe(code)
  })

  it('B-31: a verification that failed spoils nothing', () => {
    const chain = [leafWith({ serial: 31 }), INTERMEDIATE]
    let isBroken = true
    const source = {
      ...{ getX509Bundles: () => [BUNDLE], onChange: () => () => {} },
      getX509Bundle: () => {
        if (isBroken) throw new SVIDError('ERR_SPIFFE_X509_SVID_FILE', 'not now')
        return BUNDLE
      },
    }
    expect(verdict(chain, source)).toBe('ERR_SPIFFE_X509_SVID_FILE')
    expect(verdict(chain, BUNDLE, { now: new Date(0) })).toBe('ERR_SPIFFE_X509_SVID_NOT_YET_VALID')
    expect(verdict(chain, bundleOf(mintCA({ subject: 'CN=root', key: 'p256/usurper' })))).not.toBe('accepted')
    isBroken = false
    expect([verdict(chain, source), verdict(chain, source)]).toEqual(['accepted', 'accepted'])
  })
})

describe('what other libraries have learnt about X509-SVIDs from an agent', () => {
  const open: { close(): unknown }[] = []
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close()
  })

  /** A source with a good SVID, and a way to send it more. */
  async function serving(): Promise<{
    source: X509Source
    errors: string[]
    send: (response: ReturnType<typeof x509Response>) => void
  }> {
    const api = await FakeWorkloadAPI.start()
    const errors: string[] = []
    let send: ((response: ReturnType<typeof x509Response>) => void) | undefined
    api.on('fetchX509SVID', (call) => {
      send = (response) => call.send(response)
      call.send(x509Response([x509SVID()], { 'spiffe://partner': partner.der }))
    })
    open.push(api)
    const source = await X509Source.create({
      address: api.address,
      clock: new ManualClock(NOW),
      onError: ({ code }) => errors.push(code),
    })
    open.push(source)
    if (send === undefined) throw new Error('nobody called')
    return { source, errors, send }
  }

  it.each([
    ['certificates', { x509SVID: Buffer.from('junk') }],
    ['a key', { x509SVIDKey: Buffer.from('junk') }],
    ['a bundle', { bundle: Buffer.from('junk') }],
    ['an empty own bundle', { bundle: new Uint8Array() }],
    ['the key of another', { x509SVIDKey: acme.keyDER }],
  ])(
    'B-18, B-19, B-21: a message with %s that is no good is told, and what was there stays',
    async (_, changes) => {
      const { source, errors, send } = await serving()
      const before = source.getX509SVID()
      send(x509Response([x509SVID(changes)]))
      await eventually(() => errors.length > 0)
      expect(source.getX509SVID()).toBe(before)
      const changed = source.waitForUpdate()
      send(x509Response([x509SVID({}, { serial: 5 })]))
      await changed
      expect(source.getX509SVID()).not.toBe(before)
    },
  )

  it('B-19: an empty federated bundle is no error, and trusts nothing', async () => {
    const { source, errors, send } = await serving()
    const visitor = mintLeaf('spiffe://partner/visitor', partner, {
      notBefore: new Date(+NOW - HOUR_MS),
      notAfter: new Date(+NOW + HOUR_MS),
    })
    expect(verdict([visitor], source, { now: NOW })).toBe('accepted')
    const changed = source.waitForUpdate()
    send(x509Response([x509SVID()], { 'spiffe://partner': new Uint8Array() }))
    await changed
    expect(errors).toEqual([])
    expect(source.getX509SVID().id.toString()).toBe(ORDERS)
    expect(verdict([visitor], source, { now: NOW })).toBe('ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY')
  })
})
