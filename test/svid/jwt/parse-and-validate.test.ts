import { constants, sign } from 'node:crypto'
import { inspect } from 'node:util'
import * as jose from 'jose'
import { describe, expect, it } from 'vitest'
import { JWTBundle } from '../../../src/bundle/index.ts'
import { matchID, matchMemberOf } from '../../../src/spiffeid/index.ts'
import { type JWTSVID, parseAndValidate } from '../../../src/svid/jwt/index.ts'
import {
  ALGORITHMS,
  bundleOf,
  encode,
  goodClaims,
  NOW,
  NOW_SECONDS,
  signatureOf,
  signer,
  token,
} from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/checkout'

describe('a signature', () => {
  it.each(ALGORITHMS)('of %s is accepted from jose', async (alg) => {
    const { kid, publicKey, privateKey } = signer(alg)
    const keys = [{ ...(await jose.exportJWK(publicKey)), kid }]
    const text = await new jose.SignJWT({})
      .setProtectedHeader({ alg, kid, typ: 'JWT' })
      .setSubject(ID)
      .setAudience('orders')
      .setExpirationTime(NOW_SECONDS + 300)
      .setIssuedAt(NOW_SECONDS)
      .sign(privateKey)
    const bundle = JWTBundle.parse('acme.internal', JSON.stringify({ keys }))
    const svid = await parseAndValidate(text, bundle, 'orders', { now: NOW })
    expect([svid.id.uri, svid.marshal()]).toEqual([ID, text])
  })

  it.each(ALGORITHMS)('of %s is refused with any bit of the token turned', async (alg) => {
    const authority = signer(alg)
    const bundle = bundleOf('acme.internal', authority)
    const good = token(authority)
    const [header = '', payload = '', signature = ''] = good.split('.')
    expect(await verdictOf(good, {}, bundle)).toBe('accepted')
    const bytes = Buffer.from(signature, 'base64url')
    for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
      const turned = Buffer.from(bytes)
      turned[at] = (turned[at] ?? 0) ^ 1
      expect(await verdictOf(`${header}.${payload}.${turned.toString('base64url')}`, {}, bundle)).toBe(
        'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      )
    }
    const other = encode(goodClaims({ iat: NOW_SECONDS + 1 }))
    expect(await verdictOf(`${header}.${other}.${signature}`, {}, bundle)).toBe(
      'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
    )
    for (const length of [0, 1, bytes.length - 1]) {
      const cut = bytes.subarray(0, length).toString('base64url')
      expect(await verdictOf(`${header}.${payload}.${cut}`, {}, bundle)).toBe(
        'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      )
    }
    const long = Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')
    expect(await verdictOf(`${header}.${payload}.${long}`, {}, bundle)).toBe(
      'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
    )
  })

  it('of all zeros, or of the order of the curve, is refused', async () => {
    const input = token(AUTHORITY).slice(0, token(AUTHORITY).lastIndexOf('.'))
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
    for (const hex of [
      '00'.repeat(64),
      order + order,
      `${'00'.repeat(31)}01${'00'.repeat(32)}`,
      'ff'.repeat(64),
    ]) {
      const signature = Buffer.from(hex, 'hex').toString('base64url')
      expect(await verdictOf(`${input}.${signature}`)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    }
  })

  it('is refused in DER, where it has to be r and s', async () => {
    const input = token(AUTHORITY).slice(0, token(AUTHORITY).lastIndexOf('.'))
    const der = sign('sha256', Buffer.from(input), AUTHORITY.privateKey).toString('base64url')
    expect(await verdictOf(`${input}.${signatureOf(AUTHORITY, input)}`)).toBe('accepted')
    expect(await verdictOf(`${input}.${der}`)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })

  it('is refused with a salt of another length than that of the digest', async () => {
    const authority = signer('PS256')
    const input = token(authority).slice(0, token(authority).lastIndexOf('.'))
    for (const [saltLength, verdict] of [
      [32, 'accepted'],
      [0, 'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID'],
      [20, 'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID'],
      [222, 'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID'],
    ] as const) {
      const key = { key: authority.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
      const signature = sign('sha256', Buffer.from(input), key).toString('base64url')
      expect(await verdictOf(`${input}.${signature}`, {}, bundleOf('acme.internal', authority))).toBe(verdict)
    }
  })

  it('is refused under an algorithm of the same kind of key that it was not made with', async () => {
    const rsa = signer('RS256')
    const bundle = bundleOf('acme.internal', rsa)
    for (const alg of ['RS384', 'PS256', 'PS512']) {
      const input = `${encode({ alg, kid: rsa.kid })}.${encode(goodClaims())}`
      expect(await verdictOf(`${input}.${signatureOf({ ...rsa, alg }, input)}`, {}, bundle)).toBe('accepted')
      expect(await verdictOf(`${input}.${signatureOf(rsa, input)}`, {}, bundle)).toBe(
        'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      )
    }
  })

  it('is refused once its authority has left the bundle', async () => {
    const text = token(AUTHORITY)
    expect(await verdictOf(text)).toBe('accepted')
    expect(await verdictOf(text, {}, BUNDLE.withoutJWTAuthority(AUTHORITY.kid))).toBe(
      'ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY',
    )
  })
})

describe('the authorizer', () => {
  it('decides when everything else holds, by the ID and the SVID', async () => {
    const asked: unknown[] = []
    const svid = await parseAndValidate(token(AUTHORITY), BUNDLE, 'orders', {
      now: NOW,
      authorize: (...args) => {
        asked.push(...args)
        return true
      },
    })
    expect(asked).toEqual([svid.id, svid])
  })

  it('admits by a matcher', async () => {
    expect(await verdictOf(token(AUTHORITY), { authorize: matchMemberOf('acme.internal') })).toBe('accepted')
    expect(await verdictOf(token(AUTHORITY), { authorize: matchID('spiffe://acme.internal/stock') })).toBe(
      'ERR_SPIFFE_JWT_SVID_UNAUTHORIZED',
    )
  })

  it('sees the claims', async () => {
    const authorize = (_: unknown, { claims }: JWTSVID) => claims['role'] === 'admin'
    const withRole = (role: string) => token(AUTHORITY, { claims: goodClaims({ role }) })
    expect(await verdictOf(withRole('admin'), { authorize })).toBe('accepted')
    expect(await verdictOf(withRole('user'), { authorize })).toBe('ERR_SPIFFE_JWT_SVID_UNAUTHORIZED')
  })

  it.each([
    ['a reason', () => 'not on Sundays', 'not on Sundays'],
    ['false', () => false, 'said no'],
    ['nothing', () => undefined, 'undefined'],
    ['1', () => 1, 'number'],
    ['a promise of true', async () => true, 'a promise'],
    [
      'a throw',
      () => {
        throw new Error('database is down')
      },
      'database is down',
    ],
  ])('refuses by %s', async (_, answer, reason) => {
    const refusal = await refusalOf(token(AUTHORITY), { authorize: answer as () => boolean })
    expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_UNAUTHORIZED', ID])
    expect(refusal.message).toContain(reason)
  })

  it('is not asked about a token that is refused for another reason', async () => {
    const authorize = () => {
      throw new Error('it was asked')
    }
    const forged = token(signer('ES256', 'mallory'), { header: { kid: AUTHORITY.kid } })
    expect(await verdictOf(forged, { authorize })).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })
})

it('says what claims to be whose, and shows nothing of the token', async () => {
  const secret = 'hunter2'
  const good = goodClaims({ secret })
  const [header = '', payload = '', signature = ''] = token(AUTHORITY, { claims: good }).split('.')
  const refusals = await Promise.all([
    refusalOf(`${header}.${payload}.${signature.slice(4)}AAAA`),
    refusalOf(`${header}.${payload}`),
    refusalOf(`${header}.${payload}.${signature}.`),
    refusalOf(`${header}.${payload}=.${signature}`),
    refusalOf(`${payload}.${header}.${signature}`),
    refusalOf(token(AUTHORITY, { claims: JSON.stringify(good).slice(0, -1) })),
    refusalOf(token(AUTHORITY, { claims: goodClaims({ secret, exp: 0 }) })),
    refusalOf(token(AUTHORITY, { claims: goodClaims({ secret, aud: 'x' }) })),
    refusalOf(token(AUTHORITY, { claims: goodClaims({ secret, sub: 'x' }) })),
    refusalOf(token(AUTHORITY, { header: { kid: 'x' }, claims: good })),
    refusalOf(token(AUTHORITY, { claims: good }), { authorize: () => false }),
  ])
  for (const refusal of refusals) {
    const shown =
      inspect(refusal, { depth: null, showHidden: true }) + refusal.stack + JSON.stringify(refusal)
    for (const part of [header, payload, signature, secret]) expect(shown).not.toContain(part)
  }
})

it('remembers nothing: what was valid is judged again', async () => {
  const text = token(AUTHORITY)
  const later = new Date(NOW.getTime() + 330_000)
  const replaced = bundleOf('acme.internal', { ...signer('ES256', 'mallory'), kid: AUTHORITY.kid })
  expect(await verdictOf(text)).toBe('accepted')
  expect(await verdictOf(text, { now: later })).toBe('ERR_SPIFFE_JWT_SVID_EXPIRED')
  expect(await verdictOf(text, {}, replaced)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  expect(await verdictOf(text, { authorize: () => false })).toBe('ERR_SPIFFE_JWT_SVID_UNAUTHORIZED')
  expect(await verdictOf(text)).toBe('accepted')
})
