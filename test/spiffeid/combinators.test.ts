import { describe, expect, it } from 'vitest'
import {
  and,
  type Matcher,
  matchAny,
  matchID,
  matchMemberOf,
  matchOneOf,
  not,
  or,
  refusal,
  SpiffeID,
} from '../../src/spiffeid/index.ts'

const ID = SpiffeID.parse('spiffe://acme.internal/orders')
const yes: Matcher = () => true
const no: Matcher = () => false
const because: Matcher = () => 'because'
const broken = (answer: unknown): Matcher => (() => answer) as unknown as Matcher
const forgotten = broken(undefined)
const thrower: Matcher = () => {
  throw new Error('out of order')
}

const admits = (matcher: Matcher): boolean => refusal(matcher, ID, undefined) === undefined

/** A matcher that counts how often it was asked. */
function counting(matcher: Matcher): Matcher & { asked: number } {
  const counter = Object.assign(
    (id: SpiffeID, peer: unknown) => {
      counter.asked++
      return matcher(id, peer)
    },
    { asked: 0 },
  )
  return counter
}

describe('and', () => {
  it('admits whom all admit', () => {
    expect(and(yes)(ID, undefined)).toBe(true)
    expect(and(yes, yes, yes)(ID, undefined)).toBe(true)
  })

  it('gives the first refusal as it is, and asks no further', () => {
    const later = counting(yes)
    expect(and(yes, because, later)(ID, undefined)).toBe('because')
    expect(and(yes, no, later)(ID, undefined)).toBe(false)
    expect(later.asked).toBe(0)
  })

  it('admits nobody without any matcher, and neither does not of it', () => {
    expect(admits(and(yes))).toBe(true)
    expect(admits(not(and(no)))).toBe(true)
    expect(admits(and())).toBe(false)
    expect(admits(not(and()))).toBe(false)
    expect(admits(not(and(or(and()))))).toBe(false)
    expect(() => and()(ID, undefined)).toThrow(new TypeError('there is no matcher that could admit'))
  })

  it('stops at a throw and refuses', () => {
    const later = counting(yes)
    expect(() => and(yes, thrower, later)(ID, undefined)).toThrow('out of order')
    expect(later.asked).toBe(0)
    expect(admits(and(yes, thrower))).toBe(false)
  })

  it.each([undefined, null, 1, 0, {}, [], () => true])(
    'refuses the answer %j, which is no verdict',
    (answer) => {
      expect(admits(and(yes, yes))).toBe(true)
      expect(admits(and(yes, broken(answer)))).toBe(false)
      expect(admits(and(broken(answer), yes))).toBe(false)
    },
  )

  it('knows the trust domains that all admit', () => {
    const names = (matcher: Matcher): unknown => matcher.trustDomains?.map(({ name }) => name)
    const two = matchOneOf('spiffe://a/x', 'spiffe://b/x')
    expect(names(and(two, matchMemberOf('b')))).toEqual(['b'])
    expect(names(and(matchMemberOf('b'), two))).toEqual(['b'])
    expect(names(and(yes, two, yes))).toEqual(['a', 'b'])
    expect(names(and(two, matchMemberOf('c')))).toEqual([])
    expect(names(and(yes, yes))).toBeUndefined()
    expect(names(and())).toBeUndefined()
  })
})

describe('or', () => {
  it('admits whom any admits, and asks no further', () => {
    const later = counting(yes)
    expect(or(no, because, yes, later)(ID, undefined)).toBe(true)
    expect(later.asked).toBe(0)
  })

  it('gives all reasons where nobody admits', () => {
    expect(or(because, no, () => 'and so')(ID, undefined)).toBe('because; the authorizer said no; and so')
  })

  it('admits nobody without any matcher, and neither does not of it', () => {
    expect(admits(or(yes))).toBe(true)
    expect(admits(not(or(no)))).toBe(true)
    expect(admits(or())).toBe(false)
    expect(admits(not(or()))).toBe(false)
    expect(admits(not(and(or(or()))))).toBe(false)
    expect(() => or()(ID, undefined)).toThrow(new TypeError('there is no matcher that could admit'))
  })

  it('stops at a throw and refuses, whoever would come behind it', () => {
    const later = counting(yes)
    expect(admits(or(no, later))).toBe(true)
    expect(admits(or(no, thrower, later))).toBe(false)
    expect(later.asked).toBe(1)
  })

  it.each([undefined, null, 1, {}, [], () => true])('does not admit by the answer %j', (answer) => {
    expect(admits(or(no, yes))).toBe(true)
    expect(admits(or(no, broken(answer)))).toBe(false)
    expect(admits(or(broken(answer), no))).toBe(false)
    expect(admits(or(broken(answer), yes))).toBe(true)
  })

  it('knows its trust domains where all its matchers do', () => {
    const names = (matcher: Matcher): unknown => matcher.trustDomains?.map(({ name }) => name)
    expect(names(or(matchMemberOf('a'), matchID('spiffe://b/x'), matchMemberOf('a')))).toEqual(['a', 'b'])
    expect(names(or(matchMemberOf('a'), matchAny()))).toBeUndefined()
    expect(names(or())).toEqual([])
  })
})

describe('not', () => {
  it('admits whom the matcher refuses by false or by a reason', () => {
    expect(not(no)(ID, undefined)).toBe(true)
    expect(not(because)(ID, undefined)).toBe(true)
    expect(not(() => '')(ID, undefined)).toBe(true)
  })

  it('refuses whom the matcher admits', () => {
    expect(not(yes)(ID, undefined)).toBe(`${ID} is among those that are excluded`)
    expect(not(not(yes))(ID, undefined)).toBe(true)
  })

  it.each([undefined, null, 1, 0, {}, Promise.resolve(false)])(
    'does not take the answer %j for a refusal',
    (answer) => {
      expect(admits(not(no))).toBe(true)
      expect(admits(not(broken(answer)))).toBe(false)
      expect(admits(not(not(broken(answer))))).toBe(false)
    },
  )

  it('does not take a failure for a refusal, also inside of others', () => {
    for (const failing of [thrower, forgotten, broken(Promise.resolve(true))]) {
      for (const around of [(matcher: Matcher) => matcher, and<unknown>, or<unknown>]) {
        expect(admits(not(around(no)))).toBe(true)
        expect(admits(not(around(failing)))).toBe(false)
      }
      expect(admits(not(or(no, failing)))).toBe(false)
      expect(admits(not(or(failing, no)))).toBe(false)
      expect(admits(not(and(failing, no)))).toBe(false)
    }
  })

  it('knows no trust domains: it may admit any', () => {
    expect(not(matchMemberOf('a')).trustDomains).toBeUndefined()
  })
})

it('leaves no promise of a matcher to reject unheard', async () => {
  const unheard: unknown[] = []
  const listener = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', listener)
  try {
    const rejecting = (() => Promise.reject(new Error('late'))) as unknown as Matcher
    for (const combined of [or(rejecting, rejecting), and(rejecting, rejecting), not(rejecting)]) {
      expect(admits(combined)).toBe(false)
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(unheard).toEqual([])
  } finally {
    process.off('unhandledRejection', listener)
  }
})

it('combines only functions', () => {
  const wrong = 'spiffe://acme.internal/orders' as unknown as Matcher
  expect(() => and(yes, wrong)).toThrow(TypeError)
  expect(() => or(wrong)).toThrow(TypeError)
  expect(() => not(undefined as unknown as Matcher)).toThrow(TypeError)
})

it('hands the peer to each', () => {
  const peerIs =
    (expected: string): Matcher<string> =>
    (_, peer) =>
      peer === expected
  expect(and(peerIs('x'), matchAny())(ID, 'x')).toBe(true)
  expect(or(peerIs('y'), peerIs('x'))(ID, 'x')).toBe(true)
  expect(not(peerIs('y'))(ID, 'x')).toBe(true)
})
