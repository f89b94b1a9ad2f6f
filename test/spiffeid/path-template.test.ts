import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  and,
  type Matcher,
  matchMemberOf,
  PathTemplate,
  refusal,
  SpiffeID,
  SpiffeIDError,
  type TemplateValues,
  type TemplateVariable,
  template,
} from '../../src/spiffeid/index.ts'
import { codeOf } from './code-of.ts'

const WORKLOAD = template('/ns/{ns}/sa/{sa}')
const ORDERS = SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/orders')

describe('template', () => {
  it.each(['/a', '/{a}', '/a/b', '/{a}/{b}', '/a/{b_2}/c', '/{aZ09_}', '/...'])('takes %s', (path) => {
    expect(template(path).path).toBe(path)
    expect(template(path)).toBeInstanceOf(PathTemplate)
  })

  it.each([
    ['', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/a}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/x{a}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a}x', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a}{b}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{{a}}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a/b}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a-b}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{1}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{__proto__}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a}\n', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['/{a}/{a}', 'ERR_SPIFFE_ID_TEMPLATE'],
    ['a/{b}', 'ERR_SPIFFE_ID_PATH_RELATIVE'],
    ['{a}', 'ERR_SPIFFE_ID_PATH_RELATIVE'],
    ['/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['/{a}/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['/{a}//b', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['/{a}/..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/a*/{b}', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['/a?/{b}', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
  ])('refuses %j', (path, code) => {
    expect(codeOf(() => template(path))).toBe(code)
  })

  it('says what is wrong with a template', () => {
    expect(() => template('/v{n}')).toThrow('the path template "/v{n}" has "v{n}" where a variable would be')
    expect(() => template('')).toThrow('the path template "" has no segment')
    expect(() => template('/{a}/{a}')).toThrow('the path template "/{a}/{a}" has the same variable twice')
  })

  it('wants a string', () => {
    expect(() => template(undefined as unknown as string)).toThrow(TypeError)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(WORKLOAD)).toBe(true)
  })
})

describe('match', () => {
  it('gives a value for each variable', () => {
    expect(WORKLOAD.match(ORDERS)).toEqual({ ns: 'prod', sa: 'orders' })
    expect(WORKLOAD.match(`${ORDERS}`)).toEqual({ ns: 'prod', sa: 'orders' })
    expect(template('/a').match('spiffe://td/a')).toEqual({})
    expect(template('/{constructor}').match('spiffe://td/x')).toEqual({ constructor: 'x' })
  })

  it.each([
    'spiffe://td',
    'spiffe://td/ns/prod',
    'spiffe://td/ns/prod/sa',
    'spiffe://td/ns/prod/sa/orders/v1',
    'spiffe://td/x/ns/prod/sa/orders',
    'spiffe://td/NS/prod/sa/orders',
    'spiffe://td/ns/prod/SA/orders',
    'spiffe://td/nsx/prod/sa/orders',
  ])('gives nothing for %s', (id) => {
    expect(WORKLOAD.match(id)).toBeUndefined()
  })

  it('takes every character of a text as itself', () => {
    expect(template('/a.b/{c}').match('spiffe://td/a.b/x')).toEqual({ c: 'x' })
    expect(template('/a.b/{c}').match('spiffe://td/aXb/x')).toBeUndefined()
    expect(template('/{c}/a.b-c.').match('spiffe://td/x/a.b-cc')).toBeUndefined()
  })

  it('gives values that cannot be changed', () => {
    expect(Object.isFrozen(WORKLOAD.match(ORDERS))).toBe(true)
  })

  it('parses a string strictly', () => {
    expect(() => WORKLOAD.match('spiffe://td/ns/prod/sa/')).toThrow(SpiffeIDError)
  })
})

describe('fill', () => {
  it('makes the ID that has the values', () => {
    expect(WORKLOAD.fill('acme.internal', { ns: 'prod', sa: 'orders' })).toEqual(ORDERS)
    expect(template('/a').fill('td', {}).uri).toBe('spiffe://td/a')
  })

  it.each([
    ['', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['a/sa/b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['{sa}', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a%2fb', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['a'.repeat(2048), 'ERR_SPIFFE_ID_TOO_LONG'],
  ])('refuses the value %j', (ns, code) => {
    expect(codeOf(() => WORKLOAD.fill('td', { ns: 'a', sa: 'b' }))).toBeUndefined()
    expect(codeOf(() => WORKLOAD.fill('td', { ns, sa: 'b' }))).toBe(code)
  })

  it('wants a value for each variable, and none that is inherited', () => {
    const inherited = template('/{toString}')
    expect(inherited.fill('td', { toString: 'x' } as never).uri).toBe('spiffe://td/x')
    expect(() => inherited.fill('td', {} as never)).toThrow(
      new TypeError('the value of {toString} must be a string, not undefined'),
    )
    expect(() => WORKLOAD.fill('td', { ns: 'a' } as never)).toThrow(TypeError)
    expect(() => WORKLOAD.fill('td', { ns: 'a', sa: 1 } as never)).toThrow(TypeError)
  })
})

describe('matcher', () => {
  const reason = (matcher: Matcher, id: SpiffeID | string): string | undefined =>
    refusal(matcher, SpiffeID.from(id), undefined)

  it('admits the IDs of the trust domain that fit', () => {
    const matcher = WORKLOAD.matcher('acme.internal')
    expect(reason(matcher, ORDERS)).toBeUndefined()
    expect(reason(matcher, 'spiffe://acme.internal/ns/prod')).toBe(
      'spiffe://acme.internal/ns/prod does not fit spiffe://acme.internal/ns/{ns}/sa/{sa}',
    )
    expect(matcher.trustDomains?.map(({ name }) => name)).toEqual(['acme.internal'])
  })

  it('admits no ID of another trust domain, however well it fits', () => {
    expect(reason(WORKLOAD.matcher('acme.internal'), ORDERS)).toBeUndefined()
    expect(reason(WORKLOAD.matcher('partner.example'), ORDERS)).toMatch(
      /does not fit spiffe:\/\/partner.example/,
    )
  })

  it('decides by the values where it is told how', () => {
    const matcher = WORKLOAD.matcher('acme.internal', ({ ns }) => ns === 'prod' || `${ns} is not prod`)
    expect(reason(matcher, ORDERS)).toBeUndefined()
    expect(reason(matcher, 'spiffe://acme.internal/ns/test/sa/orders')).toBe('test is not prod')
  })

  it('admits by true alone, as every matcher does', () => {
    expect(
      reason(
        WORKLOAD.matcher('acme.internal', () => true),
        ORDERS,
      ),
    ).toBeUndefined()
    for (const answer of [false, undefined, 'no', 1, Promise.resolve(true)]) {
      expect(
        reason(
          WORKLOAD.matcher('acme.internal', () => answer as boolean),
          ORDERS,
        ),
      ).toMatch(/./)
    }
  })

  it('hands on the ID and the peer', () => {
    const matcher = WORKLOAD.matcher(
      'acme.internal',
      (_, id, peer: string) => id.equals(ORDERS) && peer === 'x',
    )
    expect(matcher(ORDERS, 'x')).toBe(true)
    expect(matcher(ORDERS, 'y')).toBe(false)
  })

  it('is asked only about values of its own trust domain', () => {
    let asked = 0
    const matcher = WORKLOAD.matcher('partner.example', () => ++asked > 0)
    expect(reason(matcher, ORDERS)).toMatch(/./)
    expect(asked).toBe(0)
  })

  it('combines with the others', () => {
    const matcher = and(matchMemberOf('acme.internal'), WORKLOAD.matcher('acme.internal'))
    expect(reason(matcher, ORDERS)).toBeUndefined()
    expect(matcher.trustDomains?.map(({ name }) => name)).toEqual(['acme.internal'])
  })

  it('wants a trust domain and a function', () => {
    expect(() => WORKLOAD.matcher('Acme')).toThrow(SpiffeIDError)
    expect(() => WORKLOAD.matcher(undefined as unknown as string)).toThrow(TypeError)
    expect(() => WORKLOAD.matcher('acme.internal', { ns: 'prod' } as never)).toThrow(TypeError)
  })
})

describe('the types of a template', () => {
  it('take the names of the variables from its text', () => {
    expectTypeOf<TemplateVariable<'/ns/{ns}/sa/{sa}'>>().toEqualTypeOf<'ns' | 'sa'>()
    expectTypeOf<TemplateVariable<'/{a}/{b}/{c}/{d}'>>().toEqualTypeOf<'a' | 'b' | 'c' | 'd'>()
    expectTypeOf<TemplateVariable<'/a/b'>>().toEqualTypeOf<never>()
    expectTypeOf(WORKLOAD.match(ORDERS)).toEqualTypeOf<
      { readonly ns: string; readonly sa: string } | undefined
    >()
    expectTypeOf(WORKLOAD.path).toEqualTypeOf<'/ns/{ns}/sa/{sa}'>()
  })

  it('refuse other names, and values that are missing or no strings', () => {
    // @ts-expect-error: there is no variable of this name
    expect(WORKLOAD.match(ORDERS)?.namespace).toBeUndefined()
    // @ts-expect-error: sa is missing
    expect(() => WORKLOAD.fill('td', { ns: 'a' })).toThrow(TypeError)
    // @ts-expect-error: a number is no segment
    expect(() => WORKLOAD.fill('td', { ns: 'a', sa: 1 })).toThrow(TypeError)
    // @ts-expect-error: there is no variable of this name
    WORKLOAD.matcher('td', ({ namespace }) => namespace === 'prod')
  })

  it('fall back to any names where the text is known only at run time', () => {
    const path: string = ['', '{a}'].join('/')
    expectTypeOf<TemplateValues<string>>().toEqualTypeOf<Readonly<Record<string, string>>>()
    expect(template(path).match('spiffe://td/x')).toEqual({ a: 'x' })
  })
})
