import { format, inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { JWTSVID, parseAndValidate, parseInsecure } from '../../../src/svid/jwt/index.ts'
import { goodClaims, NOW, NOW_SECONDS, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE } from './verdict-of.ts'

const claims = goodClaims({ nbf: NOW_SECONDS - 1, role: { name: 'admin', of: ['a', {}] }, secret: 'hunter2' })
const text = token(AUTHORITY, { header: { typ: 'JWT' }, claims })
const svid = await parseAndValidate(text, BUNDLE, 'orders', { now: NOW })

it('says what the token says', () => {
  expect(svid).toBeInstanceOf(JWTSVID)
  expect(svid.id.uri).toBe('spiffe://acme.internal/checkout')
  expect(svid.audience).toEqual(['orders'])
  expect(svid.header).toEqual({ alg: 'ES256', kid: 'key-ES256', typ: 'JWT' })
  expect(svid.expiresAt).toEqual(new Date((NOW_SECONDS + 300) * 1000))
  expect(svid.notBefore).toEqual(new Date((NOW_SECONDS - 1) * 1000))
  expect(svid.issuedAt).toEqual(NOW)
  expect(svid.hint).toBeUndefined()
  expect(svid.marshal()).toBe(text)
})

it('leaves out the times that the token leaves out', () => {
  const { notBefore, issuedAt } = parseInsecure(
    token(AUTHORITY, { claims: goodClaims({ iat: undefined }) }),
    'orders',
    { now: NOW },
  )
  expect([notBefore, issuedAt]).toEqual([undefined, undefined])
})

describe('its claims', () => {
  it('are plain JSON, frozen all the way down', () => {
    expect(svid.claims).toStrictEqual(claims)
    expect(svid.claims).toBe(svid.claims)
    const { role } = svid.claims as { role: { of: object[] } }
    for (const value of [svid.claims, svid.claims['aud'], role, role.of, role.of[1]]) {
      expect(Object.isFrozen(value)).toBe(true)
    }
  })

  it('are beside the text that was signed', () => {
    const payload = `{"sub":"spiffe://acme.internal/checkout", "aud":"orders","exp":1e12,"big":12345678901234567890}`
    const big = parseInsecure(token(AUTHORITY, { claims: payload }), 'orders', { now: NOW })
    expect(big.payload).toBe(payload)
    expect(big.claims['big']).toBe(12345678901234567000)
  })

  it('change no prototype, whatever they are called', () => {
    const payload = `{"sub":"spiffe://acme.internal/checkout","aud":"orders","exp":1e12,"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"x":{"__proto__":{"admin":true}}}`
    const { claims } = parseInsecure(token(AUTHORITY, { claims: payload }), 'orders', { now: NOW })
    expect(claims['admin']).toBeUndefined()
    expect((claims['x'] as Record<string, unknown>)['admin']).toBeUndefined()
    expect(Object.hasOwn(claims, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
    expect(Object.isFrozen(Object.getOwnPropertyDescriptor(claims, '__proto__')?.value)).toBe(true)
  })

  it('may have a claim called __proto__ that stands for none of theirs', () => {
    const payload = `{"__proto__":{"sub":"spiffe://acme.internal/checkout","aud":"orders","exp":1e12}}`
    expect(() => parseInsecure(token(AUTHORITY, { claims: payload }), 'orders', { now: NOW })).toThrow(
      'no sub',
    )
  })
})

it('is immutable', () => {
  for (const name of ['id', 'audience', 'header', 'hint', 'expiresAt', 'claims', 'payload']) {
    expect(Reflect.set(svid, name, 'x')).toBe(false)
  }
  expect(Object.keys(svid)).toEqual([])
  expect(Object.isFrozen(svid.audience)).toBe(true)
  for (const name of ['expiresAt', 'notBefore', 'issuedAt'] as const) {
    svid[name]?.setTime(0)
    expect(svid[name]?.getTime()).not.toBe(0)
  }
})

it('shows its ID and expiry, and never the token', () => {
  const shown = 'JWTSVID(spiffe://acme.internal/checkout, expires 2026-01-01T00:05:00.000Z)'
  expect(`${svid}`).toBe(shown)
  expect(inspect(svid, { depth: null, showHidden: true })).toBe(shown)
  expect(inspect({ svid }, { breakLength: 200 })).toBe(`{ svid: ${shown} }`)
  expect(JSON.stringify(svid)).toBe(
    '{"id":"spiffe://acme.internal/checkout","expiresAt":"2026-01-01T00:05:00.000Z"}',
  )
  for (const part of [...text.split('.'), 'hunter2']) {
    expect(format('%s %o %O %j', svid, svid, svid, svid) + JSON.stringify({ ...svid })).not.toContain(part)
  }
})

it('shows the last date there is for an expiry beyond it', () => {
  const { expiresAt } = parseInsecure(token(AUTHORITY, { claims: goodClaims({ exp: 1e300 }) }), 'orders', {
    now: NOW,
  })
  expect(expiresAt.toISOString()).toBe('+275760-09-13T00:00:00.000Z')
  const early = parseInsecure(token(AUTHORITY, { claims: goodClaims({ nbf: -1e300 }) }), 'orders', {
    now: NOW,
  })
  expect(early.notBefore?.toISOString()).toBe('-271821-04-20T00:00:00.000Z')
})
