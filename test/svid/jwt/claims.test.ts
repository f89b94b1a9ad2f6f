import { describe, expect, it } from 'vitest'
import { parseAndValidate } from '../../../src/svid/jwt/index.ts'
import { goodClaims, NOW, NOW_SECONDS, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/checkout'

/** The verdict on a token that is good but for these changes to its claims. */
const withClaims = (changes: Record<string, unknown>) =>
  verdictOf(token(AUTHORITY, { claims: goodClaims(changes) }))

/** The verdict on a token with claims of just this text. */
const withText = (claims: string) => verdictOf(token(AUTHORITY, { claims }))

/** The refusal of a token that is good but for these changes to its claims. */
const refusalWith = (changes: Record<string, unknown>) =>
  refusalOf(token(AUTHORITY, { claims: goodClaims(changes) }))

const accept = async (claims: Record<string, unknown> | string) =>
  parseAndValidate(token(AUTHORITY, { claims }), BUNDLE, 'orders', { now: NOW })

describe('sub', () => {
  it('is the SPIFFE ID', async () => {
    expect((await accept(goodClaims())).id.uri).toBe(ID)
  })

  it('may be a trust domain, where a path is not asked for', async () => {
    const claims = goodClaims({ sub: 'spiffe://acme.internal' })
    expect((await accept(claims)).id.path).toBe('')
    const refusal = await refusalOf(token(AUTHORITY, { claims }), { requirePath: true })
    expect([refusal.code, refusal.spiffeID]).toEqual([
      'ERR_SPIFFE_JWT_SVID_SUBJECT_WITHOUT_PATH',
      'spiffe://acme.internal',
    ])
    expect(await verdictOf(token(AUTHORITY), { requirePath: true })).toBe('accepted')
  })

  it.each([
    undefined,
    null,
    '',
    1,
    [ID],
    { id: ID },
    'checkout',
    'https://acme.internal/checkout',
    'spiffe://ACME.internal/checkout',
    'spiffe://acme.internal/',
    'spiffe://acme.internal/a/../b',
    ' spiffe://acme.internal/checkout',
    `spiffe://acme.internal/${'x'.repeat(2048)}`,
  ])('is refused as %j', async (sub) => {
    const refusal = await refusalWith({ sub })
    expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID', undefined])
  })

  it('is refused with the rule of SPIFFE IDs that it breaks as the cause', async () => {
    expect((await refusalWith({ sub: 'spiffe://acme.internal/' })).cause).toMatchObject({
      code: 'ERR_SPIFFE_ID_TRAILING_SLASH',
    })
  })
})

describe('aud', () => {
  it.each([
    ['a string', 'orders', ['orders']],
    ['an array', ['orders'], ['orders']],
    ['several', ['payments', 'orders'], ['payments', 'orders']],
    ['twice the same', ['orders', 'orders'], ['orders', 'orders']],
    ['an empty string among others', ['', 'orders'], ['', 'orders']],
    ['as many as are accepted', [...Array(31).fill('x'), 'orders'], [...Array(31).fill('x'), 'orders']],
  ])('may be %s', async (_, aud, audience) => {
    const svid = await accept(goodClaims({ aud }))
    expect(svid.audience).toEqual(audience)
    expect(Object.isFrozen(svid.audience)).toBe(true)
  })

  it.each([
    [undefined],
    [null],
    [[]],
    [1],
    [{}],
    [{ 0: 'orders', length: 1 }],
    [['orders', 1]],
    [['orders', null]],
    [[['orders']]],
  ])('is refused as %j', async (aud) => {
    const refusal = await refusalWith({ aud })
    expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID', ID])
  })

  it('is refused with more than 32', async () => {
    const refusal = await refusalWith({ aud: [...Array(32).fill('x'), 'orders'] })
    expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_TOO_LARGE', ID])
  })
})

describe('exp', () => {
  it.each([NOW_SECONDS + 0.5, NOW_SECONDS + 1e9, 8.64e12, 1e30, Number.MAX_VALUE])(
    'may be %d',
    async (exp) => {
      const { expiresAt } = await accept(goodClaims({ exp }))
      expect(expiresAt.getTime()).toBe(Math.min(exp * 1000, 8.64e15))
    },
  )

  it.each([undefined, null, true, '', String(NOW_SECONDS + 300), [NOW_SECONDS + 300], {}])(
    'is refused as %j',
    async (exp) => {
      const refusal = await refusalWith({ exp })
      expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID', ID])
    },
  )

  it('is refused where it overflows', async () => {
    const text = (exp: string) => `{"sub":"${ID}","aud":"orders","exp":${exp}}`
    expect(await withText(text('1e300'))).toBe('accepted')
    expect(await withText(text('1e400'))).toBe('ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID')
  })

  it.each([0, -1, -1e30, NOW_SECONDS - 300])('has passed as %d', async (exp) => {
    expect(await withClaims({ exp })).toBe('ERR_SPIFFE_JWT_SVID_EXPIRED')
  })
})

describe.each([
  ['nbf', 'RFC 7519 §4.1.5'],
  ['iat', 'RFC 7519 §4.1.6'],
])('%s', (name, rule) => {
  it.each([undefined, 0, -1, NOW_SECONDS, NOW_SECONDS - 0.5])('may be %j', async (time) => {
    expect(await withClaims({ [name]: time })).toBe('accepted')
  })

  it.each([null, true, '', String(NOW_SECONDS), [NOW_SECONDS], {}])('is refused as %j', async (time) => {
    const refusal = await refusalWith({ [name]: time })
    expect([refusal.code, refusal.rule, refusal.spiffeID]).toEqual([
      'ERR_SPIFFE_JWT_SVID_TIME_INVALID',
      rule,
      ID,
    ])
    expect(refusal.message).toContain(name)
  })
})

describe('the JSON of the claims', () => {
  const members = `"sub":"${ID}","aud":"orders","exp":${NOW_SECONDS + 300}`

  it('is an object', async () => {
    expect(await withText(`{${members}}`)).toBe('accepted')
    expect(await withText(` \n{ ${members} }\t`)).toBe('accepted')
  })

  it.each([
    ['nothing', ''],
    ['an array', `[{${members}}]`],
    ['a string', '"claims"'],
    ['null', 'null'],
    ['no JSON', `{${members}`],
    ['JSON with a comma too many', `{${members},}`],
    ['JSON with something after it', `{${members}}{}`],
    ['JSON behind a byte order mark', `\ufeff{${members}}`],
    ['not UTF-8', Buffer.concat([Buffer.from(`{${members},"x":"`), Buffer.from([0xff]), Buffer.from('"}')])],
    ['nested too deep', `{${members},"x":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['nested far too deep', `{${members},"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['another token', token(AUTHORITY)],
  ])('is refused where it is %s', async (_, claims) => {
    const refusal = await refusalOf(token(AUTHORITY, { claims }))
    expect([refusal.code, refusal.rule]).toEqual(['ERR_SPIFFE_JWT_SVID_MALFORMED', 'RFC 7519 §7.2'])
  })

  it('may nest as deep as is accepted', async () => {
    expect(await withText(`{${members},"x":${'['.repeat(31)}${']'.repeat(31)}}`)).toBe('accepted')
  })

  it.each([
    ['sub', `{"sub":"spiffe://acme.internal/admin",${members}}`],
    ['sub with an escape', `{"s\\u0075b":"spiffe://acme.internal/admin",${members}}`],
    ['aud', `{"aud":"payments",${members}}`],
    ['exp', `{${members},"exp":1e12}`],
    ['nbf', `{${members},"nbf":0,"nbf":0}`],
    ['a claim of ours to interpret', `{${members},"role":"user","role":"admin"}`],
  ])('is refused with %s twice', async (_, claims) => {
    const refusal = await refusalOf(token(AUTHORITY, { claims }))
    expect([refusal.code, refusal.rule]).toEqual(['ERR_SPIFFE_JWT_SVID_MALFORMED', 'RFC 7519 §4'])
  })

  it('may have the names of claims inside of other claims', async () => {
    expect(await withText(`{${members},"act":{"sub":"x","aud":1,"exp":null},"x":[{"sub":2}]}`)).toBe(
      'accepted',
    )
  })
})
