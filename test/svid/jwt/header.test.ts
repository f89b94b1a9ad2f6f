import { describe, expect, it } from 'vitest'
import { parseAndValidate } from '../../../src/svid/jwt/index.ts'
import { ALGORITHMS, bundleOf, NOW, signatureOf, signer, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from './verdict-of.ts'

/** The verdict on a token that is good but for these changes to its header. */
const withHeader = (header: Parameters<typeof token>[1]) => verdictOf(token(AUTHORITY, header))

describe('alg', () => {
  it.each(ALGORITHMS)('may be %s', async (alg) => {
    const authority = signer(alg)
    const svid = await parseAndValidate(token(authority), bundleOf('acme.internal', authority), 'orders', {
      now: NOW,
    })
    expect(svid.header).toEqual({ alg, kid: authority.kid, typ: undefined })
  })

  it.each([
    'none',
    'None',
    '',
    'HS256',
    'HS384',
    'HS512',
    'EdDSA',
    'Ed25519',
    'ES256K',
    'RSA-OAEP',
    'dir',
    'es256',
    ' ES256',
    'ES256 ',
    'toString',
    'constructor',
    '__proto__',
  ])('may not be "%s"', async (alg) => {
    expect(await withHeader({ header: { alg } })).toBe('ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED')
  })

  it.each([undefined, null, 1, true, ['ES256'], { ES256: 1 }])('may not be %j', async (alg) => {
    expect(await withHeader({ header: { alg } })).toBe('ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED')
  })

  it('is looked at before anything else of the token, the rest of its header included', async () => {
    const text = token(AUTHORITY, {
      header: { alg: 'none', typ: 'x', kid: 1, crit: ['x'] },
      claims: 'no JSON',
    })
    const asked: unknown[] = []
    const bundles = { getJWTBundle: (trustDomain: unknown) => void asked.push(trustDomain) }
    expect((await refusalOf(text, {}, bundles)).code).toBe('ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED')
    expect(asked).toEqual([])
  })
})

describe('typ', () => {
  it.each(['JWT', 'JOSE', undefined])('may be %s', async (typ) => {
    const svid = await parseAndValidate(token(AUTHORITY, { header: { typ } }), BUNDLE, 'orders', { now: NOW })
    expect(svid.header.typ).toBe(typ)
  })

  it.each([
    '',
    'jwt',
    'Jwt',
    'jose',
    'JOSE+JSON',
    'application/jwt',
    'application/JWT',
    'at+jwt',
    'wit+jwt',
    'wpt+jwt',
    'JWT ',
    null,
    1,
    ['JWT'],
  ])('may not be %j', async (typ) => {
    expect(await withHeader({ header: { typ } })).toBe('ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED')
  })
})

describe('crit and b64', () => {
  it.each([
    { crit: ['exp'] },
    { crit: ['x'], x: 1 },
    { crit: [] },
    { crit: null },
    { crit: ['b64'], b64: false },
    { b64: false },
    { b64: true },
  ])('are refused as %j', async (members) => {
    expect(await withHeader({ header: members })).toBe('ERR_SPIFFE_JWT_SVID_HEADER_CRITICAL')
  })

  it('are named with their clause', async () => {
    expect((await refusalOf(token(AUTHORITY, { header: { crit: ['x'] } }))).rule).toBe('RFC 7515 §4.1.11')
    expect((await refusalOf(token(AUTHORITY, { header: { b64: false } }))).rule).toBe('RFC 7797 §6')
  })
})

describe('kid', () => {
  it.each([null, 1, true, ['key-ES256'], {}])('is refused as %j', async (kid) => {
    expect(await withHeader({ header: { kid } })).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })
})

describe('other members', () => {
  it('are ignored', async () => {
    expect(await withHeader({ header: { iss: 'x', cty: 'JWT', zip: 'DEF', x: { y: [1] } } })).toBe('accepted')
  })

  it('never bring a key', async () => {
    const mallory = signer('ES256', 'mallory')
    const jwk = { ...mallory.publicKey.export({ format: 'jwk' }), kid: mallory.kid }
    const header = { jwk, jku: 'https://mallory.test/jwks', x5u: 'https://mallory.test/x5u', x5c: ['AAAA'] }
    expect(await withHeader({ header })).toBe('accepted')
    for (const kid of [AUTHORITY.kid, undefined]) {
      expect(await verdictOf(token(mallory, { header: { ...header, kid } }))).toBe(
        'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      )
    }
    expect(await verdictOf(token(mallory, { header }))).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
  })
})

describe('the JSON of a header', () => {
  it.each([
    ['an array', '["alg"]'],
    ['a string', '"ES256"'],
    ['null', 'null'],
    ['no JSON', '{"alg":"ES256"'],
    ['JSON with something after it', '{"alg":"ES256"}x'],
    ['JSON behind a byte order mark', '\ufeff{"alg":"ES256"}'],
    ['not UTF-8', Buffer.from('7b22616c67223a224553323536222c226b6964223a22ff227d', 'hex')],
    ['nested too deep', `{"alg":"ES256","x":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('is refused where it is %s', async (_, header) => {
    expect(await withHeader({ header })).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })

  it.each([
    ['alg', '{"alg":"ES256","alg":"ES256"}'],
    ['alg with an escape', '{"alg":"ES256","\\u0061lg":"none"}'],
    ['kid', '{"alg":"ES256","kid":"a","kid":"key-ES256"}'],
    ['a member that is ignored', '{"alg":"ES256","x":1,"x":1}'],
    ['__proto__', '{"alg":"ES256","__proto__":1,"__proto__":1}'],
  ])('is refused with %s twice', async (_, header) => {
    const refusal = await refusalOf(token(AUTHORITY, { header }))
    expect([refusal.code, refusal.rule]).toEqual(['ERR_SPIFFE_JWT_SVID_MALFORMED', 'RFC 7515 §4'])
  })

  it('may have a member called __proto__, which is a member like any other', async () => {
    const header = `{"alg":"ES256","kid":"${AUTHORITY.kid}","__proto__":{"typ":"x","crit":[]}}`
    expect(await withHeader({ header })).toBe('accepted')
  })
})

it('is read once, and says the same to each token that has it', async () => {
  const [header = ''] = token(AUTHORITY).split('.')
  const first = await parseAndValidate(token(AUTHORITY), BUNDLE, 'orders', { now: NOW })
  const second = await parseAndValidate(token(AUTHORITY), BUNDLE, 'orders', { now: NOW })
  expect(second.header).toBe(first.header)
  expect(Object.isFrozen(second.header)).toBe(true)
  // Under a header that is known, another signature is judged as ever.
  const input = `${header}.${token(AUTHORITY).split('.')[1]}`
  expect(await verdictOf(`${input}.${signatureOf(signer('ES256', 'mallory'), input)}`)).toBe(
    'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
  )
})

it('is remembered for a bounded number of texts, all of which go on to be read', async () => {
  const headerOf = async (x: number) =>
    (await parseAndValidate(token(AUTHORITY, { header: { x } }), BUNDLE, 'orders', { now: NOW })).header
  const first = await headerOf(0)
  expect(await headerOf(0)).toBe(first)
  for (let x = 1; x <= 16; x++) await headerOf(x)
  const again = await headerOf(0)
  expect(again).toEqual(first)
  expect(again).not.toBe(first)
})
