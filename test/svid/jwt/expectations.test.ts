import { describe, expect, it } from 'vitest'
import { parseAndValidate, parseInsecure } from '../../../src/svid/jwt/index.ts'
import { NOW, token } from '../../support/jwt.ts'
import { AUTHORITY, BUNDLE } from './verdict-of.ts'

/** What TypeScript would not let through. */
const untyped = <T>(value: unknown): T => value as T

const text = token(AUTHORITY)

it.each([
  ['no audience', undefined],
  ['an empty audience', ''],
  ['an empty list of audiences', []],
  ['an empty audience in a list', ['orders', '']],
  ['an audience that is no string', ['orders', 1]],
  ['an array in an array', [['orders']]],
  ['an array with nothing in its only place', new Array(1)],
  ['an object', { 0: 'orders', length: 1 }],
  ['a set', new Set(['orders'])],
])('%s is a wrong argument', async (_, audiences) => {
  expect(parseInsecure(text, ['orders', 'payments'], { now: NOW })).toBeDefined()
  await expect(parseAndValidate(text, BUNDLE, untyped(audiences), { now: NOW })).rejects.toThrow(TypeError)
  for (const audienceMatch of ['any', 'all'] as const) {
    expect(() => parseInsecure(text, untyped(audiences), { now: NOW, audienceMatch })).toThrow(TypeError)
  }
})

it.each([
  [
    'leewaySeconds',
    [-1, 121, Number.NaN, Number.POSITIVE_INFINITY, '30', null, 30n],
    [0, 0.5, 120, undefined],
  ],
  ['now', [new Date(Number.NaN), NOW.getTime(), NOW.toISOString(), null], [NOW]],
  ['audienceMatch', ['some', '', null, true], ['any', 'all', undefined]],
  ['requirePath', ['false', 0, null], [true, false, undefined]],
])('%s is checked', async (name, wrong, right) => {
  for (const value of right) {
    await expect(parseAndValidate(text, BUNDLE, 'orders', { now: NOW, [name]: value })).resolves.toBeDefined()
  }
  for (const value of wrong) {
    const options = untyped<object>({ now: NOW, [name]: value })
    await expect(parseAndValidate(text, BUNDLE, 'orders', options)).rejects.toThrow(TypeError)
    expect(() => parseInsecure(text, 'orders', options)).toThrow(TypeError)
  }
})

describe('a wrong argument', () => {
  it.each([undefined, null, 1, {}, Buffer.from(text)])(
    'is a token that is no string, as %s',
    async (token) => {
      const error = new TypeError('the token must be a string')
      await expect(parseAndValidate(untyped(token), BUNDLE, 'orders')).rejects.toThrow(error)
      expect(() => parseInsecure(untyped(token), 'orders')).toThrow(error)
    },
  )

  it.each([undefined, null, {}, { getJWTBundle: BUNDLE }])(
    'is a source that is none, as %s',
    async (bundles) => {
      const error = new TypeError('bundles must be a JWTBundleSource')
      await expect(parseAndValidate(text, untyped(bundles), 'orders')).rejects.toThrow(error)
    },
  )

  it.each([null, true, 'acme.internal'])('is an authorizer that is no function, as %s', async (authorize) => {
    const error = new TypeError('authorize must be a function')
    await expect(parseAndValidate(text, BUNDLE, 'orders', untyped({ authorize }))).rejects.toThrow(error)
  })

  it('is found before the token is looked at', async () => {
    await expect(parseAndValidate('not a token', BUNDLE, untyped([]))).rejects.toThrow(TypeError)
  })
})

it('reads the arguments once, so that a change to them during the call changes nothing', async () => {
  const audiences: string[] = ['orders']
  const now = new Date(NOW)
  const source = {
    getJWTBundle: async () => {
      audiences[0] = 'payments'
      now.setTime(0)
      return BUNDLE
    },
  }
  await expect(parseAndValidate(text, source, audiences, { now, leewaySeconds: 0 })).resolves.toBeDefined()
})

/** An object that answers differently each time it is asked for a property. */
function fickle<T extends object>(target: T, name: string, answers: readonly unknown[]): T {
  const left = [...answers]
  return Object.defineProperty(target, name, { enumerable: true, get: () => left.shift() })
}

it('judges by what it has checked, whatever the arguments say when they are read again', async () => {
  expect(
    await parseAndValidate(text, BUNDLE, fickle([''], '0', ['orders', 'nobody']), { now: NOW }),
  ).toBeDefined()
  const audiences = fickle(['nobody'], '0', ['nobody', 'orders'])
  await expect(parseAndValidate(text, BUNDLE, audiences, { now: NOW })).rejects.toMatchObject({
    code: 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH',
  })
  const authorize = fickle({ now: NOW }, 'authorize', ['nobody', undefined])
  await expect(parseAndValidate(text, BUNDLE, 'orders', authorize)).rejects.toThrow(
    new TypeError('authorize must be a function'),
  )
  const memory = fickle({ now: NOW }, 'memory', [{}, undefined])
  await expect(parseAndValidate(text, BUNDLE, 'orders', memory)).rejects.toThrow(
    new TypeError('memory must be a TokenMemory'),
  )
  let reads = 0
  const now = Object.assign(new Date(NOW), { getTime: () => (reads++ === 0 ? NOW.getTime() : Number.NaN) })
  await expect(parseAndValidate(text, BUNDLE, 'orders', { now })).resolves.toBeDefined()
})

it('takes audiences out of a configuration, whose number is not known when compiling', () => {
  const configured: string[] = 'orders,payments'.split(',')
  expect(parseInsecure(text, configured, { now: NOW })).toBeDefined()
  expect(() => parseInsecure(text, configured.slice(2), { now: NOW })).toThrow(TypeError)
})
