import { describe, expect, it, vi } from 'vitest'
import { parseAndValidate, parseInsecure } from '../../../src/svid/jwt/index.ts'
import { goodClaims, NOW, NOW_SECONDS, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/checkout'

/** What time it is, so many seconds and milliseconds from `exp` or `nbf`. */
const at = (seconds: number, ms = 0) => new Date((NOW_SECONDS + seconds) * 1000 + ms)

describe('the audience', () => {
  const validate = (
    aud: unknown,
    audiences: string | readonly [string, ...string[]],
    audienceMatch?: 'any' | 'all',
  ) =>
    parseAndValidate(token(AUTHORITY, { claims: goodClaims({ aud }) }), BUNDLE, audiences, {
      now: NOW,
      audienceMatch,
    }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    )

  it.each([
    ['orders', 'orders'],
    [['payments', 'orders'], 'orders'],
    ['orders', ['orders', 'payments']],
    ['payments', ['orders', 'payments']],
    ['spiffe://acme.internal/', 'spiffe://acme.internal/'],
    ['spiffe://acme.internal/orders', 'spiffe://acme.internal/orders'],
  ] as const)('of %j is met by %j', async (aud, audiences) => {
    expect(await validate(aud, audiences)).toBe('accepted')
  })

  it.each([
    ['payments', 'orders'],
    ['Orders', 'orders'],
    ['orders ', 'orders'],
    ['orders/', 'orders'],
    ['order', 'orders'],
    ['orders', 'order'],
    ['', 'orders'],
    ['orders payments', 'orders'],
    [
      ['payments', 'stock'],
      ['orders', 'invoices'],
    ],
    ['https://orders.test', 'https://orders.test/'],
    ['https://orders.test:443', 'https://orders.test'],
    ['é', 'e\u0301'],
  ] as const)('of %j is not met by %j', async (aud, audiences) => {
    expect(await validate(aud, audiences)).toBe('ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH')
  })

  it('has to name all that are expected, where that is asked for', async () => {
    expect(await validate(['a', 'b', 'c'], ['a', 'c'], 'all')).toBe('accepted')
    expect(await validate(['a', 'b'], ['a', 'c'], 'any')).toBe('accepted')
    expect(await validate(['a', 'b'], ['a', 'c'], 'all')).toBe('ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH')
    expect(await validate('a', ['a', 'c'], 'all')).toBe('ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH')
  })

  it('is told in the refusal, with the ID, a few values of each side', async () => {
    const text = token(AUTHORITY, { claims: goodClaims({ aud: ['a', 'b\n', 'c', 'd', 'e'] }) })
    const refusal = await refusalOf(text)
    expect(refusal.spiffeID).toBe(ID)
    expect(refusal.message).toContain(
      `the token of ${ID} is for "a", "b\\n", "c" and 2 more, and one of "orders" was expected`,
    )
    const all = await parseAndValidate(text, BUNDLE, ['x', 'y'], { now: NOW, audienceMatch: 'all' }).catch(
      String,
    )
    expect(all).toContain('and all of "x", "y" was expected')
  })
})

describe('the expiry', () => {
  const text = token(AUTHORITY, { claims: goodClaims({ exp: NOW_SECONDS }) })

  it.each([
    ['before it', at(0, -1), 0, 'accepted'],
    ['at it', at(0), 0, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['just within the leeway', at(30, -1), undefined, 'accepted'],
    ['at the end of the leeway', at(30), undefined, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['after the leeway', at(31), undefined, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['just within the longest leeway', at(120, -1), 120, 'accepted'],
    ['at the end of the longest leeway', at(120), 120, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['within a fraction of leeway', at(0, 499), 0.5, 'accepted'],
    ['at the end of a fraction of leeway', at(0, 500), 0.5, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
  ])('judges %s', async (_, now, leewaySeconds, verdict) => {
    expect(await verdictOf(text, { now, leewaySeconds })).toBe(verdict)
  })

  it('tells when it was', async () => {
    const refusal = await refusalOf(text, { now: at(3600) })
    expect(refusal.message).toContain(`the token of ${ID} expired at 2026-01-01T00:00:00.000Z`)
    expect(refusal.spiffeID).toBe(ID)
  })
})

describe('the time from which it is valid', () => {
  const text = token(AUTHORITY, { claims: goodClaims({ nbf: NOW_SECONDS }) })

  it.each([
    ['at it', at(0), 0, 'accepted'],
    ['before it', at(0, -1), 0, 'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID'],
    ['at the start of the leeway', at(-30), undefined, 'accepted'],
    ['before the leeway', at(-30, -1), undefined, 'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID'],
    ['at the start of the longest leeway', at(-120), 120, 'accepted'],
    ['before the longest leeway', at(-120, -1), 120, 'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID'],
  ])('judges %s', async (_, now, leewaySeconds, verdict) => {
    expect(await verdictOf(text, { now, leewaySeconds })).toBe(verdict)
  })

  it('tells when it is', async () => {
    const refusal = await refusalOf(text, { now: at(-3600) })
    expect(refusal.message).toContain(`the token of ${ID} is not valid before 2026-01-01T00:00:00.000Z`)
    expect(refusal.spiffeID).toBe(ID)
  })
})

it('does not care when it was issued', async () => {
  expect(await verdictOf(token(AUTHORITY, { claims: goodClaims({ iat: NOW_SECONDS + 1e6 }) }))).toBe(
    'accepted',
  )
  expect(await verdictOf(token(AUTHORITY, { claims: goodClaims({ iat: undefined }) }))).toBe('accepted')
})

it('judges by the current time where it is given none', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  try {
    const text = token(AUTHORITY)
    await expect(parseAndValidate(text, BUNDLE, 'orders')).resolves.toBeDefined()
    expect(parseInsecure(text, 'orders')).toBeDefined()
    vi.setSystemTime(at(330))
    await expect(parseAndValidate(text, BUNDLE, 'orders')).rejects.toMatchObject({
      code: 'ERR_SPIFFE_JWT_SVID_EXPIRED',
    })
    expect(() => parseInsecure(text, 'orders')).toThrow('expired')
  } finally {
    vi.useRealTimers()
  }
})

it('judges the time after the wait for the bundle', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  try {
    const slowly = {
      getJWTBundle: async () => {
        vi.setSystemTime(at(330))
        return BUNDLE
      },
    }
    const quickly = { getJWTBundle: async () => BUNDLE }
    await expect(parseAndValidate(token(AUTHORITY), quickly, 'orders')).resolves.toBeDefined()
    await expect(parseAndValidate(token(AUTHORITY), slowly, 'orders')).rejects.toMatchObject({
      code: 'ERR_SPIFFE_JWT_SVID_EXPIRED',
    })
  } finally {
    vi.useRealTimers()
  }
})
