import { describe, expect, it } from 'vitest'
import { SVIDError } from '../../../src/svid/error.ts'
import { parseInsecure } from '../../../src/svid/jwt/index.ts'
import { goodClaims, NOW, NOW_SECONDS, signer, token } from '../../support/jwt.ts'
import { AUTHORITY } from './verdict-of.ts'

function codeOf(text: string, options: Parameters<typeof parseInsecure>[2] = {}): string {
  try {
    parseInsecure(text, 'orders', { now: NOW, ...options })
    return 'accepted'
  } catch (error) {
    if (error instanceof SVIDError) return error.code
    throw error
  }
}

it('takes a token of whatever signer, with the hint that came with it', () => {
  const text = token(signer('ES256', 'unknown'))
  const svid = parseInsecure(text, 'orders', { now: NOW, hint: 'internal' })
  expect([svid.id.uri, svid.hint, svid.marshal()]).toEqual([
    'spiffe://acme.internal/checkout',
    'internal',
    text,
  ])
  expect(parseInsecure(text, 'orders', { now: NOW }).hint).toBeUndefined()
  for (const hint of [null, 1, {}]) {
    expect(() => parseInsecure(text, 'orders', { now: NOW, hint: hint as string })).toThrow(TypeError)
  }
})

describe('refuses what parseAndValidate refuses but for the signature', () => {
  it('and accepts the twin', () => {
    expect(codeOf(token(AUTHORITY))).toBe('accepted')
  })

  it.each([
    ['another audience', goodClaims({ aud: 'payments' }), 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH'],
    ['no audience', goodClaims({ aud: undefined }), 'ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID'],
    ['no subject', goodClaims({ sub: undefined }), 'ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID'],
    ['no expiry', goodClaims({ exp: undefined }), 'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID'],
    ['an expiry that has passed', goodClaims({ exp: NOW_SECONDS - 30 }), 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['a start to come', goodClaims({ nbf: NOW_SECONDS + 31 }), 'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID'],
  ])('%s', (_, claims, code) => {
    expect(codeOf(token(AUTHORITY, { claims }))).toBe(code)
  })

  it.each([
    [{ alg: 'none' }, 'ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED'],
    [{ typ: 'wit+jwt' }, 'ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED'],
    [{ crit: ['x'] }, 'ERR_SPIFFE_JWT_SVID_HEADER_CRITICAL'],
    [{ kid: 1 }, 'ERR_SPIFFE_JWT_SVID_MALFORMED'],
  ])('a header with %j', (header, code) => {
    expect(codeOf(token(AUTHORITY, { header }))).toBe(code)
  })

  it('a signature that is no base64url', () => {
    expect(codeOf(`${token(AUTHORITY)}=`)).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })

  it('a subject without a path, where one is asked for', () => {
    const text = token(AUTHORITY, { claims: goodClaims({ sub: 'spiffe://acme.internal' }) })
    expect(codeOf(text)).toBe('accepted')
    expect(codeOf(text, { requirePath: true })).toBe('ERR_SPIFFE_JWT_SVID_SUBJECT_WITHOUT_PATH')
  })
})

it('judges with the leeway and the match that it is given', () => {
  const text = token(AUTHORITY, { claims: goodClaims({ exp: NOW_SECONDS - 10 }) })
  expect(codeOf(text)).toBe('accepted')
  expect(codeOf(text, { leewaySeconds: 10 })).toBe('ERR_SPIFFE_JWT_SVID_EXPIRED')
  expect(codeOf(token(AUTHORITY), { audienceMatch: 'all' })).toBe('accepted')
  expect(() => parseInsecure(token(AUTHORITY), ['orders', 'x'], { now: NOW, audienceMatch: 'all' })).toThrow(
    '"x"',
  )
})
