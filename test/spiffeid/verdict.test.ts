import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type Matcher, matchAny, matchID, refusal, SpiffeID } from '../../src/spiffeid/index.ts'

const ID = SpiffeID.parse('spiffe://acme.internal/orders')

/** What a matcher in JavaScript may answer. */
const answering = (answer: unknown): Matcher => (() => answer) as unknown as Matcher

const throwing =
  (error: unknown): Matcher =>
  () => {
    throw error
  }

describe('refusal', () => {
  it('is undefined for true alone', () => {
    expect(refusal(answering(true), ID, undefined)).toBeUndefined()
    expect(refusal(matchAny(), ID, undefined)).toBeUndefined()
  })

  it.each([
    ['false', false],
    ['undefined', undefined],
    ['null', null],
    ['one', 1],
    ['an empty string', ''],
    ['a boxed true', new Boolean(true)],
    ['an array with true', [true]],
    ['the word true', 'true'],
    ['a function', () => true],
    ['a promise of true', Promise.resolve(true)],
    // biome-ignore lint/suspicious/noThenProperty: something that can be awaited and is no Promise
    ['a thenable', { then: () => true }],
  ])('is a reason for %s', (_, answer) => {
    expect(refusal(answering(answer), ID, undefined)).toMatch(/./)
  })

  it('gives the reason of the matcher', () => {
    expect(refusal(answering('not today'), ID, undefined)).toBe('not today')
    expect(refusal(matchID('spiffe://acme.internal/x'), ID, undefined)).toBe(
      `${ID} is not spiffe://acme.internal/x`,
    )
  })

  it('gives a reason where the matcher gave none', () => {
    expect(refusal(answering(false), ID, undefined)).toBe('the authorizer said no')
    expect(refusal(answering(''), ID, undefined)).toBe('the authorizer said no')
  })

  it('says what was no verdict', () => {
    expect(refusal(answering(undefined), ID, undefined)).toBe(
      'the authorizer failed: it gave undefined, and only true admits',
    )
    expect(refusal(answering(Promise.resolve(true)), ID, undefined)).toBe(
      'the authorizer failed: it gave a promise, and only a synchronous true admits',
    )
  })

  it('refuses where the matcher throws, whatever it throws', () => {
    expect(refusal(throwing(new Error('no database')), ID, undefined)).toBe(
      'the authorizer failed: no database',
    )
    expect(refusal(throwing('text'), ID, undefined)).toBe('the authorizer failed: it threw string')
    expect(refusal(throwing(undefined), ID, undefined)).toBe('the authorizer failed: it threw undefined')
    const hostile = Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('again')
      },
    })
    expect(refusal(throwing(hostile), ID, undefined)).toBe('the authorizer failed: it threw')
    expect(refusal(throwing(Object.assign(new Error(), { message: Symbol('x') })), ID, undefined)).toBe(
      'the authorizer failed: it threw',
    )
  })

  it('leaves no rejection unhandled that would end the process', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown): unknown => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    try {
      for (const late of [Promise.reject(new Error('late')), runInNewContext('Promise.reject(1)')]) {
        expect(refusal(answering(late), ID, undefined)).toMatch(/promise/)
      }
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listener)
    }
  })

  it('gives one line, whatever the matcher put into its reason', () => {
    expect(refusal(answering('a\r\nb\u2028c\u0000d\u202ee\u200b'), ID, undefined)).toBe('a��b�c�d�e�')
    expect(refusal(throwing(new Error('a\nb')), ID, undefined)).toBe('the authorizer failed: a�b')
  })

  it.each([undefined, null, '', 'spiffe://acme.internal/orders', {}])(
    'refuses where there is no ID but %j, without asking',
    (id) => {
      expect(refusal(answering(true), ID, undefined)).toBeUndefined()
      expect(refusal(answering(true), id as unknown as SpiffeID, undefined)).toBe(
        'there is no SPIFFE ID to decide by',
      )
    },
  )

  it('hands the matcher the ID and the peer', () => {
    const seen: unknown[] = []
    const peer = { name: 'peer' }
    refusal((...args) => seen.push(...args) > 0, ID, peer)
    expect(seen).toEqual([ID, peer])
  })
})
