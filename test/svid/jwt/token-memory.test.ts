import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { JWTBundle } from '../../../src/bundle/index.ts'
import { matchID } from '../../../src/spiffeid/index.ts'
import { algorithms } from '../../../src/svid/jwt/algorithms.ts'
import { parseAndValidate, TokenMemory } from '../../../src/svid/jwt/index.ts'
import { bundleOf, goodClaims, NOW, NOW_SECONDS, signer, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, verdictOf } from './verdict-of.ts'

const text = token(AUTHORITY)
let memory: TokenMemory
let verify: MockInstance

beforeEach(() => {
  memory = new TokenMemory({ capacity: 2 })
  verify = vi.spyOn(algorithms.ES256, 'verify')
})
afterEach(() => verify.mockRestore())

it('spares the signature of a token that comes again, and nothing without being asked to', async () => {
  for (const [options, checks] of [
    [{}, 2],
    [{ memory }, 1],
  ] as const) {
    verify.mockClear()
    for (let round = 0; round < 2; round++) expect(await verdictOf(text, options)).toBe('accepted')
    expect(verify).toHaveBeenCalledTimes(checks)
  }
})

describe('a token that is remembered', () => {
  beforeEach(async () => {
    expect(await verdictOf(text, { memory })).toBe('accepted')
  })

  it('is refused as any other once it has expired', async () => {
    const now = new Date((NOW_SECONDS + 330) * 1000)
    expect(await verdictOf(text, { memory, now })).toBe('ERR_SPIFFE_JWT_SVID_EXPIRED')
  })

  it('is refused for another audience', async () => {
    await expect(parseAndValidate(text, BUNDLE, 'payments', { memory, now: NOW })).rejects.toMatchObject({
      code: 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH',
    })
  })

  it('is refused by another authorizer', async () => {
    const authorize = matchID('spiffe://acme.internal/stock')
    expect(await verdictOf(text, { memory, authorize })).toBe('ERR_SPIFFE_JWT_SVID_UNAUTHORIZED')
  })

  it('is refused once its key has left the bundle', async () => {
    const without = BUNDLE.withoutJWTAuthority(AUTHORITY.kid)
    expect(await verdictOf(text, { memory }, without)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
  })

  it('is refused once another key has its kid, and accepted again under its own', async () => {
    const replaced = bundleOf('acme.internal', { ...signer('ES256', 'mallory'), kid: AUTHORITY.kid })
    expect(await verdictOf(text, { memory }, replaced)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    expect(await verdictOf(text, { memory })).toBe('accepted')
  })

  it('is refused where its key is bound to another algorithm by now', async () => {
    const jwk = { ...AUTHORITY.publicKey.export({ format: 'jwk' }), kid: AUTHORITY.kid, alg: 'ES384' }
    const bound = JWTBundle.parse('acme.internal', JSON.stringify({ keys: [jwk] }))
    expect(await verdictOf(text, { memory }, bound)).toBe('ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE')
  })

  it('vouches for no other signature over the same claims', async () => {
    const turned = `${text.slice(0, -8)}${text.slice(-8) === 'AAAAAAAA' ? 'BBBBBBBA' : 'AAAAAAAA'}`
    expect(await verdictOf(turned, { memory })).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })

  it('is verified anew where the bundle has its key as another object', async () => {
    const again = JWTBundle.parse('acme.internal', BUNDLE.marshal())
    verify.mockClear()
    expect(await verdictOf(text, { memory }, again)).toBe('accepted')
    expect(verify).toHaveBeenCalledTimes(1)
  })
})

it('remembers no token that was refused', async () => {
  const forged = token({ ...signer('ES256', 'mallory'), kid: AUTHORITY.kid })
  for (let round = 0; round < 2; round++) {
    expect(await verdictOf(forged, { memory })).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  }
  expect(inspect(memory)).toBe('TokenMemory(0 tokens)')
})

it('remembers no more than it may, and forgets what came least recently', async () => {
  const texts = [0, 1, 2].map((iat) => token(AUTHORITY, { claims: goodClaims({ iat }) }))
  for (const text of texts) expect(await verdictOf(text, { memory })).toBe('accepted')
  expect(inspect(memory)).toBe('TokenMemory(2 tokens)')
  verify.mockClear()
  for (const text of [...texts].reverse()) expect(await verdictOf(text, { memory })).toBe('accepted')
  expect(verify).toHaveBeenCalledTimes(1)
})

it('remembers the key among several that a token without a kid may be of', async () => {
  const bundle = bundleOf('acme.internal', signer('ES256', 'other'), AUTHORITY)
  const without = token(AUTHORITY, { header: { kid: undefined } })
  for (const checks of [2, 0]) {
    verify.mockClear()
    expect(await verdictOf(without, { memory }, bundle)).toBe('accepted')
    expect(verify).toHaveBeenCalledTimes(checks)
  }
})

it('shows nothing of what it remembers', async () => {
  expect(await verdictOf(text, { memory })).toBe('accepted')
  expect(inspect(memory, { depth: null, showHidden: true })).toBe('TokenMemory(1 tokens)')
  expect(JSON.stringify(memory)).toBe('{}')
})

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null])(
  'has no capacity of %s',
  (capacity) => {
    for (const valid of [{}, { capacity: 1 }]) expect(new TokenMemory(valid)).toBeInstanceOf(TokenMemory)
    expect(() => new TokenMemory({ capacity: capacity as number })).toThrow(TypeError)
  },
)

it.each([null, true, {}, new Map()])('is not %s', async (wrong) => {
  await expect(verdictOf(text, { memory: wrong as TokenMemory })).rejects.toThrow(
    new TypeError('memory must be a TokenMemory'),
  )
})
