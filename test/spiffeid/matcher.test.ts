import { describe, expect, it } from 'vitest'
import {
  and,
  type Matcher,
  matchAny,
  matchID,
  matchMemberOf,
  matchOneOf,
  matchPrefix,
  not,
  or,
  refusal,
  SpiffeID,
  SpiffeIDError,
  TrustDomain,
  template,
} from '../../src/spiffeid/index.ts'

const ORDERS = SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/orders')
const CHECKOUT = SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/checkout')
const STRANGER = SpiffeID.parse('spiffe://partner.example/ns/prod/sa/orders')

const ask = (matcher: Matcher, id: SpiffeID | string): boolean | string =>
  matcher(SpiffeID.from(id), undefined)

const trustDomainsOf = (matcher: Matcher): string[] | undefined =>
  matcher.trustDomains?.map((trustDomain) => trustDomain.name)

describe('matchAny', () => {
  it('admits every ID, of whichever trust domain', () => {
    expect(ask(matchAny(), ORDERS)).toBe(true)
    expect(ask(matchAny(), 'spiffe://td')).toBe(true)
    expect(matchAny().trustDomains).toBeUndefined()
  })

  it('does not admit an absent ID', () => {
    expect(() => matchAny()(undefined as unknown as SpiffeID, undefined)).toThrow(TypeError)
  })
})

describe('matchID', () => {
  it('admits the ID and nothing near it', () => {
    const matcher = matchID(ORDERS)
    expect(ask(matcher, ORDERS.toString())).toBe(true)
    expect(ask(matcher, CHECKOUT)).toBe(`${CHECKOUT} is not ${ORDERS}`)
    expect(ask(matcher, STRANGER)).toBeTypeOf('string')
    expect(ask(matcher, `${ORDERS}/v1`)).toBeTypeOf('string')
    expect(ask(matcher, 'spiffe://acme.internal/ns/prod/sa')).toBeTypeOf('string')
    expect(trustDomainsOf(matcher)).toEqual(['acme.internal'])
  })

  it('parses a string strictly, when it is made', () => {
    expect(ask(matchID(`${ORDERS}`), ORDERS)).toBe(true)
    expect(() => matchID('spiffe://acme.internal/')).toThrow(SpiffeIDError)
    expect(() => matchID('*')).toThrow(SpiffeIDError)
    expect(() => matchID(undefined as unknown as string)).toThrow(TypeError)
  })
})

describe('matchOneOf', () => {
  it('admits each of its IDs and no other', () => {
    const matcher = matchOneOf(ORDERS, `${CHECKOUT}`)
    expect(ask(matcher, ORDERS)).toBe(true)
    expect(ask(matcher, CHECKOUT)).toBe(true)
    expect(ask(matcher, STRANGER)).toBe(`${STRANGER} is none of the 2 IDs that are admitted`)
  })

  it('admits nobody without any', () => {
    expect(ask(matchOneOf(), ORDERS)).toBe(`${ORDERS} is none of the 0 IDs that are admitted`)
    expect(matchOneOf().trustDomains).toEqual([])
  })

  it('names each trust domain once', () => {
    expect(trustDomainsOf(matchOneOf(ORDERS, CHECKOUT, STRANGER))).toEqual([
      'acme.internal',
      'partner.example',
    ])
  })

  it('parses strings strictly, when it is made', () => {
    expect(() => matchOneOf(ORDERS, 'orders')).toThrow(SpiffeIDError)
  })
})

describe('matchMemberOf', () => {
  it('admits every ID of the trust domain and of no other', () => {
    const matcher = matchMemberOf('acme.internal')
    expect(ask(matcher, ORDERS)).toBe(true)
    expect(ask(matcher, 'spiffe://acme.internal')).toBe(true)
    expect(ask(matcher, STRANGER)).toBe(`${STRANGER} is not a member of acme.internal`)
    expect(ask(matcher, 'spiffe://acme.internal.evil/ns')).toBeTypeOf('string')
    expect(ask(matcher, 'spiffe://evil.acme.internal/ns')).toBeTypeOf('string')
    expect(trustDomainsOf(matcher)).toEqual(['acme.internal'])
  })

  it('takes a value or an ID as well, and parses strictly', () => {
    expect(ask(matchMemberOf(TrustDomain.parse('acme.internal')), ORDERS)).toBe(true)
    expect(ask(matchMemberOf('spiffe://acme.internal'), ORDERS)).toBe(true)
    expect(() => matchMemberOf('Acme.Internal')).toThrow(SpiffeIDError)
  })
})

describe('matchPrefix', () => {
  const matcher = matchPrefix('spiffe://acme.internal/ns/prod')

  it('admits the prefix itself and what is below it', () => {
    expect(ask(matcher, 'spiffe://acme.internal/ns/prod')).toBe(true)
    expect(ask(matcher, ORDERS)).toBe(true)
    expect(trustDomainsOf(matcher)).toEqual(['acme.internal'])
  })

  it.each([
    'spiffe://acme.internal/ns/production',
    'spiffe://acme.internal/ns/prod-eu/sa/orders',
    'spiffe://acme.internal/ns/Prod/sa/orders',
    'spiffe://acme.internal/ns',
    'spiffe://acme.internal',
    'spiffe://acme.internal/x/ns/prod',
    'spiffe://partner.example/ns/prod/sa/orders',
    'spiffe://acme.internal.evil/ns/prod',
  ])('does not admit %s', (id) => {
    expect(ask(matcher, id)).toBe(`${id} is not spiffe://acme.internal/ns/prod or below it`)
  })

  it('admits nobody without a path, and neither does not of it', () => {
    const admits = (matcher: Matcher): boolean => refusal(matcher, ORDERS, undefined) === undefined
    expect(admits(not(matchPrefix('spiffe://acme.internal/ns/test')))).toBe(true)
    const root = matchPrefix('spiffe://acme.internal')
    expect(() => ask(root, ORDERS)).toThrow(TypeError)
    expect(() => ask(root, 'spiffe://acme.internal')).toThrow(TypeError)
    for (const around of [root, not(root), not(not(root)), not(and(root)), not(or(root))]) {
      expect(admits(around)).toBe(false)
    }
    expect(root.trustDomains).toEqual([])
  })

  it('parses a string strictly, when it is made', () => {
    expect(() => matchPrefix('spiffe://acme.internal/ns/')).toThrow(SpiffeIDError)
    expect(() => matchPrefix('spiffe://acme.internal/*')).toThrow(SpiffeIDError)
  })
})

describe('each matcher', () => {
  const matchers: [string, Matcher][] = Object.entries({
    matchAny: matchAny(),
    matchID: matchID(ORDERS),
    matchOneOf: matchOneOf(ORDERS),
    matchMemberOf: matchMemberOf('acme.internal'),
    matchPrefix: matchPrefix(ORDERS),
    and: and(matchID(ORDERS)),
    or: or(matchID(ORDERS)),
    not: not(matchID(CHECKOUT)),
    'of a template': template('/ns/{ns}/sa/{sa}').matcher('acme.internal'),
  })

  it.each(matchers)('decides by a SpiffeID and by nothing that looks like one: %s', (_, matcher) => {
    expect(matcher(ORDERS, undefined)).toBe(true)
    for (const other of [`${ORDERS}`, undefined, null, { uri: `${ORDERS}` }]) {
      expect(() => Reflect.apply(matcher, undefined, [other, undefined])).toThrow(
        new TypeError('a matcher needs a SpiffeID to decide by'),
      )
    }
  })

  it.each(matchers)('cannot be changed: %s', (_, matcher) => {
    const { trustDomains } = matcher
    expect(Reflect.set(matcher, 'trustDomains', [])).toBe(false)
    expect(Reflect.defineProperty(matcher, 'trustDomains', { value: [] })).toBe(false)
    expect(matcher.trustDomains).toBe(trustDomains)
    expect(Object.isFrozen(trustDomains)).toBe(true)
  })
})
