import { describe, expect, it } from 'vitest'
import { X509Bundle } from '../../../src/bundle/x509/x509-bundle.ts'
import { verify } from '../../../src/svid/x509/index.ts'
import { sequence, set, tlv } from '../../support/der-writer.ts'
import {
  attributeDER,
  type Minted,
  type MintOptions,
  mintCA,
  mintLeaf,
  otherNameDER,
} from '../../support/mint.ts'
import { bundleOf, refusalOf, verdict } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const REFUSED = 'ERR_SPIFFE_X509_SVID_NAME_NOT_PERMITTED'
const LIMIT = 'ERR_SPIFFE_X509_SVID_SEARCH_LIMIT'
type Constraints = NonNullable<MintOptions['nameConstraints']>

/** What becomes of a leaf under an intermediate with these constraints, and under an authority with them. */
function verdictsFor(nameConstraints: Constraints, leaf: MintOptions = {}): readonly string[] {
  const root = mintCA({ subject: 'CN=root' })
  const constrained = mintCA({ subject: 'CN=constrained', issuer: root, nameConstraints })
  const constrainedRoot = mintCA({ subject: 'CN=constrained root', nameConstraints })
  return [
    verdict([mintLeaf(ID, constrained, leaf), constrained], bundleOf(root)),
    verdict([mintLeaf(ID, constrainedRoot, leaf)], bundleOf(constrainedRoot)),
  ]
}

const accepted = ['accepted', 'accepted']
const refused = [REFUSED, REFUSED]

const email = { email: 'orders@acme.internal' }
const other = { raw: otherNameDER('1.3.6.1.4.1.311.20.2.3', 'orders@acme') }

describe('name constraints', () => {
  it.each<[string, Constraints, MintOptions, readonly string[]]>([
    ['permit the trust domain', { permitted: [{ uri: 'acme.internal' }] }, {}, accepted],
    ['permit another trust domain', { permitted: [{ uri: 'other.internal' }] }, {}, refused],
    [
      'permit one of several',
      { permitted: [{ uri: 'other.internal' }, { uri: 'acme.internal' }] },
      {},
      accepted,
    ],
    ['permit what is above the trust domain', { permitted: [{ uri: 'internal' }] }, {}, refused],
    ['permit what is below another', { permitted: [{ uri: '.internal' }] }, {}, accepted],
    ['exclude the trust domain', { excluded: [{ uri: 'acme.internal' }] }, {}, refused],
    ['exclude another trust domain', { excluded: [{ uri: 'other.internal' }] }, {}, accepted],
    [
      'exclude a part of what they permit',
      { permitted: [{ uri: '.internal' }], excluded: [{ uri: 'acme.internal' }] },
      {},
      refused,
    ],
    [
      'permit the DNS name',
      { permitted: [{ dns: 'acme.internal' }] },
      { dns: ['orders.acme.internal'] },
      accepted,
    ],
    [
      'permit another DNS name',
      { permitted: [{ dns: 'other.internal' }] },
      { dns: ['orders.acme.internal'] },
      refused,
    ],
    [
      'exclude the DNS name',
      { excluded: [{ dns: 'acme.internal' }] },
      { dns: ['orders.acme.internal'] },
      refused,
    ],
    [
      'exclude what a wildcard can become',
      { excluded: [{ dns: 'orders.acme.internal' }] },
      { dns: ['*.acme.internal'] },
      refused,
    ],
    [
      'permit less than a wildcard can become',
      { permitted: [{ dns: 'orders.acme.internal' }] },
      { dns: ['*.acme.internal'] },
      refused,
    ],
    ['exclude every DNS name', { excluded: [{ dns: '' }] }, { dns: ['a'] }, refused],
    ['exclude every DNS name, and there is none', { excluded: [{ dns: '' }] }, {}, accepted],
    ['permit some DNS name, and there is none', { permitted: [{ dns: 'other.internal' }] }, {}, accepted],
    [
      'permit one of two DNS names',
      { permitted: [{ dns: 'acme.internal' }] },
      { dns: ['orders.acme.internal', 'other.internal'] },
      refused,
    ],
    ['permit the address', { permitted: [{ ip: '10.0.0.0/8' }] }, { ips: ['10.1.2.3'] }, accepted],
    ['permit another address', { permitted: [{ ip: '10.0.0.0/8' }] }, { ips: ['11.1.2.3'] }, refused],
    ['permit addresses of the other family', { permitted: [{ ip: '::/0' }] }, { ips: ['10.1.2.3'] }, refused],
    ['exclude the address', { excluded: [{ ip: '10.0.0.0/8' }] }, { ips: ['10.1.2.3'] }, refused],
    [
      'permit the subject',
      { permitted: [{ directory: 'O=ACME' }] },
      { subject: 'O=acme, CN=orders' },
      accepted,
    ],
    [
      'permit another subject',
      { permitted: [{ directory: 'O=other' }] },
      { subject: 'O=acme, CN=orders' },
      refused,
    ],
    [
      'exclude the subject',
      { excluded: [{ directory: 'O=acme' }] },
      { subject: 'O=acme, CN=orders' },
      refused,
    ],
    [
      'exclude a directory name beside the subject',
      { excluded: [{ directory: 'O=evil' }] },
      { names: [{ directory: 'O=evil, CN=x' }] },
      refused,
    ],
    [
      'exclude a subject that may be the same in a string that is not compared',
      { excluded: [{ directory: 'O=evil' }] },
      { subject: sequence(set(attributeDER('2.5.4.10', tlv(0x1b, Buffer.from('evil'))))) },
      refused,
    ],
    [
      'permit a subject that may be the same in a string that is not compared',
      { permitted: [{ directory: 'O=acme' }] },
      { subject: sequence(set(attributeDER('2.5.4.10', tlv(0x1b, Buffer.from('acme'))))) },
      refused,
    ],
    [
      'permit some subject, and there is none',
      { permitted: [{ directory: 'O=other' }] },
      { subject: '' },
      accepted,
    ],
    [
      'permit an e-mail address, which is not compared',
      { permitted: [{ email: 'acme.internal' }] },
      { names: [email] },
      refused,
    ],
    [
      'permit an e-mail address, and are not critical',
      { permitted: [{ email: 'other' }], critical: false },
      { names: [email] },
      accepted,
    ],
    ['permit an e-mail address, and there is none', { permitted: [{ email: 'other' }] }, {}, accepted],
    [
      'exclude an e-mail address, and one is in the subject',
      { excluded: [{ email: 'other' }] },
      { subject: 'emailAddress=a@b' },
      refused,
    ],
    [
      'exclude an e-mail address, are not critical, and one is in the subject',
      { excluded: [{ email: 'b' }], critical: false },
      { subject: 'emailAddress=a@b' },
      accepted,
    ],
    ['exclude another form', { excluded: [other] }, { names: [other] }, refused],
    ['permit another form', { permitted: [other] }, { names: [other] }, refused],
    ['permit another form, and there is none', { permitted: [other] }, {}, accepted],
    [
      'permit another form, and are not critical',
      { permitted: [other], critical: false },
      { names: [other] },
      accepted,
    ],
    [
      'exclude the trust domain, and are not critical',
      { excluded: [{ uri: 'acme.internal' }], critical: false },
      {},
      refused,
    ],
    ['are empty', {}, {}, ['ERR_SPIFFE_X509_SVID_MALFORMED', 'ERR_SPIFFE_X509_SVID_MALFORMED']],
    [
      'cannot be read',
      { permitted: [{ uri: 'spiffe://acme.internal' }] },
      {},
      ['ERR_SPIFFE_X509_SVID_MALFORMED', 'ERR_SPIFFE_X509_SVID_MALFORMED'],
    ],
  ])('that %s', (_, constraints, leaf, expected) => {
    expect(verdictsFor({ excluded: [{ uri: 'nobody' }] }, {})).toEqual(accepted)
    expect(verdictsFor(constraints, leaf)).toEqual(expected)
  })

  it.each(['permitted', 'excluded'])('on hosts, %s, refuse a trust domain that is an address', (kind) => {
    const id = 'spiffe://10.0.0.1/orders'
    const root = mintCA({ subject: 'CN=hosts', nameConstraints: { [kind]: [{ uri: '.internal' }] } })
    const plain = mintCA({ subject: 'CN=plain' })
    const bundle = (der: Uint8Array): X509Bundle => X509Bundle.fromX509Authorities('10.0.0.1', [der])
    expect(verdict([mintLeaf(id, plain)], bundle(plain.der))).toBe('accepted')
    expect(verdict([mintLeaf(id, root)], bundle(root.der))).toBe(REFUSED)
  })

  it('hold for all certificates below, and those of every authority above', () => {
    const root = mintCA({ subject: 'CN=root', nameConstraints: { permitted: [{ uri: 'acme.internal' }] } })
    const wider = mintCA({
      subject: 'CN=wider',
      issuer: root,
      nameConstraints: { permitted: [{ uri: 'other.internal' }] },
    })
    const named = mintCA({ subject: 'CN=named', issuer: root, uris: ['spiffe://other.internal'] })
    const plain = mintCA({ subject: 'CN=plain', issuer: root })
    expect(verdict([mintLeaf(ID, plain), plain], bundleOf(root))).toBe('accepted')
    expect(verdict([mintLeaf(ID, wider), wider], bundleOf(root))).toBe(REFUSED)
    expect(verdict([mintLeaf(ID, named), named], bundleOf(root))).toBe(REFUSED)
  })

  it('do not hold for an intermediate with the name of its issuer, but for the leaf below it', () => {
    const root = mintCA({ subject: 'CN=same', nameConstraints: { excluded: [{ uri: 'other.internal' }] } })
    const same = (uris: string[]): Minted =>
      mintCA({ subject: 'CN=same', key: 'p256/same', issuer: root, uris })
    const renamed = mintCA({ subject: 'CN=renamed', issuer: root, uris: ['spiffe://other.internal'] })
    const ca = same(['spiffe://other.internal'])
    expect(verdict([mintLeaf(ID, ca), ca], bundleOf(root))).toBe('accepted')
    expect(verdict([mintLeaf(ID, renamed), renamed], bundleOf(root))).toBe(REFUSED)
    const leaf = mintLeaf('spiffe://acme.internal/orders', root, { subject: 'CN=same', dns: ['x'] })
    expect(
      verdict(
        [leaf],
        bundleOf(mintCA({ subject: 'CN=same', nameConstraints: { excluded: [{ dns: 'x' }] } })),
      ),
    ).toBe(REFUSED)
  })

  it('in a leaf constrain nobody', () => {
    const root = mintCA()
    const leaf = mintLeaf(ID, root, { nameConstraints: { excluded: [{ uri: 'acme.internal' }] } })
    expect(verdict([leaf], bundleOf(root))).toBe('accepted')
  })

  const permitted = (count: number): Constraints => ({
    permitted: Array.from({ length: count }, (_, i) => ({ dns: `n${i}.internal` })),
  })
  const named = (count: number): MintOptions => ({
    subject: '',
    sanCritical: true,
    dns: Array<string>(count).fill('n0.internal'),
  })

  it('are compared with a bounded number of names', () => {
    // A name counts once, and once more for each subtree of its form; one of the names is the URI.
    expect(257 * (1 + 254) + 1).toBe(65_536)
    expect(verdictsFor(permitted(254), named(257))).toEqual(accepted)
    expect(verdictsFor(permitted(254), { ...named(257), ips: ['10.0.0.1'] })).toEqual([LIMIT, LIMIT])
    expect(verdictsFor(permitted(255), named(257))).toEqual([LIMIT, LIMIT])
    const excluded = (count: number): Constraints => ({
      excluded: Array.from({ length: count }, (_, i) => ({ dns: `x${i}.internal` })),
    })
    expect(verdictsFor(excluded(254), named(257))).toEqual(accepted)
    expect(verdictsFor(excluded(255), named(257))).toEqual([LIMIT, LIMIT])
  })

  it('share this bound among all pairs of certificates of a search', () => {
    const root = mintCA({ subject: 'CN=root', nameConstraints: permitted(150) })
    const ca = (nameConstraints?: Constraints): Minted =>
      mintCA({
        subject: 'CN=ca',
        issuer: root,
        dns: Array<string>(150).fill('n0.internal'),
        ...(nameConstraints && { nameConstraints }),
      })
    const [plain, constrained] = [ca(), ca(permitted(150))]
    expect(verdict([mintLeaf(ID, plain, named(150)), plain], bundleOf(root))).toBe('accepted')
    expect(verdict([mintLeaf(ID, constrained, named(150)), constrained], bundleOf(root))).toBe(LIMIT)
  })

  it('end the search where they are too many to compare, whatever path is left', () => {
    const root = mintCA({ subject: 'CN=root' })
    const plain = mintCA({ subject: 'CN=ca', issuer: root })
    const constrained = mintCA({ subject: 'CN=ca', issuer: root, nameConstraints: permitted(300) })
    const leaf = mintLeaf(ID, plain, named(300))
    expect(verdict([leaf, plain, constrained], bundleOf(root))).toBe('accepted')
    expect(verdict([leaf, constrained, plain], bundleOf(root))).toBe(LIMIT)
    const { message } = refusalOf(() => verify([leaf.der, constrained.der], bundleOf(root)))
    expect(message).toMatch(
      /^spiffe:\/\/acme\.internal\/orders: names were compared 65536 times and no path to an authority was found/,
    )
  })

  it('are compared once with the names of a certificate, on however many paths', () => {
    const nameConstraints = { excluded: [...(permitted(30).permitted ?? []), { dns: 'evil' }] }
    const dns = Array.from({ length: 30 }, (_, i) => `h${i}.acme`)
    const level = (n: number, issuer?: Minted, serial = 0): Minted =>
      mintCA({
        subject: `CN=level ${n}`,
        key: `p256/level ${n}`,
        serial,
        dns,
        nameConstraints,
        ...(issuer && { issuer }),
      })
    const root = level(0)
    const intermediates = [1, 2, 3, 4, 5].flatMap((n) =>
      [0, 1].map((serial) => level(n, level(n - 1), serial)),
    )
    const chainOf = (name: string): Minted[] => [
      mintLeaf(ID, level(5), { dns: [...dns, name] }),
      ...intermediates,
    ]
    expect(verdict(chainOf('good'), bundleOf(root))).toBe('accepted')
    // All of the 32 paths are tried, and each comes to more than 10,000 comparisons.
    expect(verdict(chainOf('evil'), bundleOf(root))).toBe(REFUSED)
  })
})
