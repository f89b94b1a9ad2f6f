import { expect, test } from 'vitest'
import { SpiffeError } from '../../../src/errors.ts'
import { jwtsvid } from '../../../src/svid/index.ts'
import { detailOf } from '../../support/detail-of.ts'
import { bundleOf, goodClaims, NOW, NOW_SECONDS, type Part, signer, token } from '../../support/jwt.ts'

const authority = signer('ES256')
const bundle = bundleOf('acme.internal', authority)
const id = 'spiffe://acme.internal/checkout'

const validate =
  (text: string, options: object = {}, bundles: object = bundle, audiences: unknown = 'orders') =>
  () =>
    jwtsvid.parseAndValidate(text, bundles as never, audiences as never, { now: NOW, ...options })

/** A token with this in its header or its claims; a text is the whole of it. */
const header = (change: Part, options?: object) => validate(token(authority, { header: change }), options)
const claims = (change: Part, options?: object) =>
  validate(
    token(authority, { claims: typeof change === 'string' ? change : goodClaims(change as never) }),
    options,
  )

const good = token(authority)
const [head = '', payload = '', signature = ''] = good.split('.')
const source = (getJWTBundle: () => unknown) => ({ getJWTBundle })
const others = Array.from({ length: 17 }, (_, at) => signer('ES256', `key ${at}`))

test('what is told apart below is one good token', async () => {
  expect(await detailOf(validate(good))).toBe('it was not refused')
})

test.each<[detail: string, refused: () => unknown]>([
  ['TypeError: the token must be a string', validate(7 as never)],
  ['the token has 76470 characters, of at most 76461', validate('.'.repeat(76_470))],
  ['the header has 8193 characters, of at most 8192', validate(`${'a'.repeat(8193)}.b.c`)],
  ['the payload has 65537 characters, of at most 65536', validate(`a.${'b'.repeat(65_537)}.c`)],
  ['the signature has 2732 characters, of at most 2731', validate(`a.b.${'c'.repeat(2732)}`)],
  ['the token does not have exactly three parts', validate('a.b')],
  ['the header of the token is not canonical base64url', validate(`${head}=.${payload}.${signature}`)],
  ['the payload of the token is not canonical base64url', validate(`${head}.${payload}=.${signature}`)],
  ['the signature of the token is not canonical base64url', validate(`${good}=`)],
  ['the header of the token is not a JSON object', header('[]')],
  ['the payload of the token is not a JSON object', claims('[]')],

  ['the payload of the token has "sub" twice', claims('{"sub":"a","sub":"b"}')],
  ['the header of the token has "alg" twice', header('{"alg":"ES256","alg":"ES256"}')],
  ['the token is signed with "none"', header({ alg: 'none' })],
  ['the token is signed with an alg that is no string', header({ alg: 7 })],
  ['the kid of the token is no string', header({ kid: 7 })],
  ['the typ of the token is "JWE"', header({ typ: 'JWE' })],
  ['the typ of the token is no string', header({ typ: 7 })],
  ['the header of the token has crit', header({ crit: ['exp'] })],
  ['the header of the token has b64', header({ b64: true })],

  ['the token has no sub that is a string', claims({ sub: undefined })],
  ['the sub of the token is no SPIFFE ID', claims({ sub: 'checkout' })],
  [`the token of ${id} is for more than 32 audiences`, claims({ aud: Array(33).fill('orders') })],
  [`the token of ${id} does not say whom it is for`, claims({ aud: [] })],
  [`the token of ${id} does not say when it expires`, claims({ exp: undefined })],
  [`the exp of the token of ${id} is no time`, claims({ exp: '1' })],
  [`the nbf of the token of ${id} is no time`, claims({ nbf: '1' })],
  [`the iat of the token of ${id} is no time`, claims({ iat: '1' })],

  [
    'the token of spiffe://acme.internal names a trust domain and no workload',
    claims({ sub: 'spiffe://acme.internal' }, { requirePath: true }),
  ],
  [`the token of ${id} is for "a", and one of "orders" was expected`, claims({ aud: 'a' })],
  [
    `the token of ${id} is for "a", "b", "c", and one of "orders" was expected`,
    claims({ aud: ['a', 'b', 'c'] }),
  ],
  [
    `the token of ${id} is for "a", "b", "c" and 2 more, and one of "orders" was expected`,
    claims({ aud: ['a', 'b', 'c', 'd', 'e'] }),
  ],
  [
    `the token of ${id} is for "orders", and all of "orders", "billing" was expected`,
    validate(good, { audienceMatch: 'all' }, bundle, ['orders', 'billing']),
  ],
  [`the token of ${id} expired at 2025-12-31T23:59:00.000Z`, claims({ exp: NOW_SECONDS - 60 })],
  [`the token of ${id} is not valid before 2026-01-01T00:01:00.000Z`, claims({ nbf: NOW_SECONDS + 60 })],

  [
    `there is no bundle for the trust domain of ${id}`,
    validate(
      good,
      {},
      source(() => undefined),
    ),
  ],
  [
    'asked for the bundle of acme.internal, the source gave that of partner.example',
    validate(
      good,
      {},
      source(() => bundleOf('partner.example', authority)),
    ),
  ],
  [
    `the bundle for ${id} could not be had: its source failed`,
    validate(
      good,
      {},
      source(() => Promise.reject(new Error('of the source'))),
    ),
  ],
  [
    'TypeError: getJWTBundle must give a JWTBundle or undefined',
    validate(
      good,
      {},
      source(() => 7),
    ),
  ],
  ['acme.internal has no JWT authorities', validate(good, {}, bundleOf('acme.internal'))],
  ['acme.internal has no JWT authority "other"', header({ kid: 'other' })],
  [
    `the JWT authority "${authority.kid}" of acme.internal does not sign ES384`,
    validate(token({ ...signer('ES384'), kid: authority.kid })),
  ],
  [
    `the token of ${id} has no kid, and more than 16 keys could have signed it`,
    validate(token(authority, { header: { kid: undefined } }), {}, bundleOf('acme.internal', ...others)),
  ],
  [
    'acme.internal has no JWT authority that signs RS256',
    validate(token(signer('RS256'), { header: { kid: undefined } })),
  ],
  [
    `the token that claims to be of ${id} has no valid signature of its trust domain`,
    validate(token({ ...signer('ES256', 'another'), kid: authority.kid })),
  ],
  [`${id} was refused: it has other plans`, validate(good, { authorize: () => 'it has other plans' })],

  ["TypeError: audienceMatch must be 'any' or 'all'", validate(good, { audienceMatch: 'some' })],
  ['TypeError: requirePath must be a boolean', validate(good, { requirePath: 'yes' })],
  ['TypeError: leewaySeconds must be a number from 0 to 120', validate(good, { leewaySeconds: 121 })],
  ['TypeError: now must be a valid Date', validate(good, { now: NOW_SECONDS })],
  [
    'TypeError: audiences must be a string or an array with at least one string, none of them empty',
    validate(good, {}, bundle, []),
  ],
  ['TypeError: bundles must be a JWTBundleSource', validate(good, {}, {})],
  ['TypeError: authorize must be a function', validate(good, { authorize: true })],
  ['TypeError: memory must be a TokenMemory', validate(good, { memory: {} })],
  [
    'TypeError: capacity must be a whole number of at least 1',
    () => new jwtsvid.TokenMemory({ capacity: 0 }),
  ],
  ['TypeError: hint must be a string', () => jwtsvid.parseInsecure(good, 'orders', { hint: 7 as never })],
])('a refusal says: %s', async (detail, refused) => {
  expect(await detailOf(refused)).toBe(detail)
})

test.each([
  ['RFC 7515 §4', header('{"alg":"ES256","alg":"ES256"}')],
  ['RFC 7515 §2', validate(`${head}=.${payload}.${signature}`)],
  ['RFC 7515 §4.1.4', header({ kid: 7 })],
  ['RFC 7515 §4.1.11', header({ crit: ['exp'] })],
  ['RFC 7797 §6', header({ b64: true })],
  ['RFC 7519 §4', claims('{"sub":"a","sub":"b"}')],
  ['RFC 7519 §7.2', claims('[]')],
  ['RFC 7519 §4.1.5', claims({ nbf: '1' })],
  ['RFC 7519 §4.1.6', claims({ iat: '1' })],
  ['own limit: 32 audiences', claims({ aud: Array(33).fill('orders') })],
  ['own limit: 8 KiB of header, 64 KiB of payload', validate('.'.repeat(76_470))],
])('a refusal names its clause where its code stands for several: %s', async (rule, refused) => {
  const error = await refused().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SpiffeError)
  expect(error).toMatchObject({ rule })
})
