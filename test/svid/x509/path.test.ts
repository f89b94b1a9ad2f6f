import { describe, expect, it } from 'vitest'
import { type Minted, type MintOptions, mintCA, mintLeaf } from '../../support/mint.ts'
import { bundleOf, verdict } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/orders'
const TOO_LONG = 'ERR_SPIFFE_X509_SVID_PATH_TOO_LONG'

/** A path of CAs, the authority first, each issued by the one before it. */
function casOf(...options: readonly MintOptions[]): readonly [Minted, ...Minted[]] {
  const cas: Minted[] = []
  for (const [i, each] of options.entries()) {
    const issuer = cas.at(-1)
    cas.push(mintCA({ subject: `CN=ca ${i}`, ...(issuer && { issuer }), ...each }))
  }
  const [authority, ...intermediates] = cas
  if (authority === undefined) throw new Error('no authority')
  return [authority, ...intermediates]
}

function verdictFor(...options: readonly MintOptions[]): string {
  const [authority, ...intermediates] = casOf(...options)
  return verdict([mintLeaf(ID, intermediates.at(-1) ?? authority), ...intermediates], bundleOf(authority))
}

/** Issued to the name of its issuer, with another key: it does not count. */
const selfIssued = (subject: string, key: `p256/${string}`): MintOptions => ({ subject, key })

describe('the length of a path', () => {
  it.each<[string, readonly MintOptions[], string]>([
    ['an authority that allows no intermediate, and none', [{ pathLen: 0 }], 'accepted'],
    ['an authority that allows no intermediate, and one', [{ pathLen: 0 }, {}], TOO_LONG],
    ['an authority that allows one, and one', [{ pathLen: 1 }, {}], 'accepted'],
    ['an authority that allows one, and two', [{ pathLen: 1 }, {}, {}], TOO_LONG],
    ['an intermediate that allows no other, and none', [{}, { pathLen: 0 }], 'accepted'],
    ['an intermediate that allows no other, and one', [{}, { pathLen: 0 }, {}], TOO_LONG],
    ['an intermediate that allows more than the authority', [{ pathLen: 1 }, { pathLen: 9 }, {}], TOO_LONG],
    ['an intermediate that allows less than the authority', [{ pathLen: 9 }, { pathLen: 0 }, {}], TOO_LONG],
    ['no limit', [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}], 'accepted'],
    ['a limit beyond all numbers', [{ basicConstraints: { cA: true, pathLen: 2 ** 53 } }, {}], 'accepted'],
  ])('%s', (_, options, expected) => {
    expect(verdictFor(...options)).toBe(expected)
  })

  it('does not count what is issued to the name of its issuer', () => {
    expect(verdictFor({ pathLen: 0, subject: 'CN=a' }, selfIssued('CN=a', 'p256/second'))).toBe('accepted')
    expect(verdictFor({ pathLen: 0, subject: 'CN=a' }, selfIssued('CN=b', 'p256/second'))).toBe(TOO_LONG)
    expect(
      verdictFor({ subject: 'CN=a' }, { subject: 'CN=b', pathLen: 0 }, selfIssued('CN=b', 'p256/third')),
    ).toBe('accepted')
  })

  it('is also limited by what is issued to the name of its issuer', () => {
    expect(verdictFor({ subject: 'CN=a' }, { ...selfIssued('CN=a', 'p256/second'), pathLen: 0 }, {})).toBe(
      TOO_LONG,
    )
  })

  it('does not count the leaf, whatever limit is in it', () => {
    const authority = mintCA({ pathLen: 0 })
    const leaf = mintLeaf(ID, authority, { basicConstraints: { cA: false, pathLen: 0 } })
    expect(verdict([leaf], bundleOf(authority))).toBe('accepted')
  })
})
