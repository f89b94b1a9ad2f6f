import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { SpiffeID, SpiffeIDError, TrustDomain } from '../../src/spiffeid/index.ts'
import { codeOf } from './code-of.ts'

const notText = (value: unknown): string => value as string

describe('TrustDomain.parse', () => {
  it.each([
    ['acme.internal', 'acme.internal'],
    ['spiffe://acme.internal', 'acme.internal'],
    ['spiffe://acme.internal/orders', 'acme.internal'],
    ['1.2.3.4', '1.2.3.4'],
    ['_a..b-', '_a..b-'],
    ['.', '.'],
    ['az09', 'az09'],
  ])('takes %s', (text, name) => {
    expect(TrustDomain.parse(text).name).toBe(name)
    expect(TrustDomain.tryParse(text)?.name).toBe(name)
  })

  it.each([
    ['nothing at all', '', 'ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY'],
    ['upper case', 'Acme', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['upper case in an ID', 'SPIFFE://acme', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['a path', 'acme/orders', 'ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER'],
    ['a port', 'acme:80', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['a user', 'u@acme', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['a query', 'acme?', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['a fragment', 'acme#', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['percent-encoding', 'ac%6de', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['a space', 'acme ', 'ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER'],
    ['an ID with one slash', 'spiffe:/acme', 'ERR_SPIFFE_ID_SCHEME'],
    ['another scheme', 'https://acme', 'ERR_SPIFFE_ID_SCHEME'],
    ['an ID that is not one', 'spiffe://acme/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['an ID without a name', 'spiffe://', 'ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY'],
  ])('refuses %s', (_, text, code) => {
    expect(codeOf(() => TrustDomain.parse(text))).toBe(code)
    expect(TrustDomain.tryParse(text)).toBeUndefined()
  })

  it('takes 255 bytes and no more, as a name and in an ID', () => {
    for (const prefix of ['', 'spiffe://']) {
      expect(TrustDomain.parse(prefix + 'a'.repeat(255)).name).toHaveLength(255)
      expect(codeOf(() => TrustDomain.parse(prefix + 'a'.repeat(256)))).toBe(
        'ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG',
      )
    }
  })

  it('lowers ASCII letters where folding is asked for, and only there', () => {
    expect(TrustDomain.parse('Acme.INTERNAL', { fold: true }).name).toBe('acme.internal')
    expect(TrustDomain.parse('SPIFFE://Acme', { fold: true }).name).toBe('acme')
    expect(TrustDomain.tryParse('AZ', { fold: true })?.name).toBe('az')
    for (const options of [undefined, {}, { fold: false }]) {
      expect(TrustDomain.tryParse('Acme', options)).toBeUndefined()
    }
    expect(TrustDomain.tryParse('\u212aelvin', { fold: true })).toBeUndefined()
    expect(TrustDomain.tryParse('\u017f', { fold: true })).toBeUndefined()
  })

  it('wants a string', () => {
    expect(TrustDomain.from('acme').name).toBe('acme')
    for (const value of [undefined, null, 1, {}]) {
      expect(() => TrustDomain.parse(notText(value))).toThrow(TypeError)
      expect(() => TrustDomain.tryParse(notText(value))).toThrow(TypeError)
      expect(() => TrustDomain.from(notText(value))).toThrow(TypeError)
    }
  })

  it('checks what a caller hands to the constructor past TypeScript', () => {
    const construct = (name: unknown): unknown => Reflect.construct(TrustDomain, [name])
    expect(construct('acme')).toEqual(TrustDomain.parse('acme'))
    expect(codeOf(() => construct('Acme'))).toBe('ERR_SPIFFE_ID_UPPER_CASE')
    for (const value of [undefined, 5, {}, ['acme']]) expect(() => construct(value)).toThrow(TypeError)
  })

  it('refuses what JSON holds instead of a string as bad data', () => {
    expect(TrustDomain.fromJSON('acme').name).toBe('acme')
    expect(codeOf(() => TrustDomain.fromJSON('Acme'))).toBe('ERR_SPIFFE_ID_UPPER_CASE')
    for (const value of [null, 1, {}, undefined]) {
      expect(codeOf(() => TrustDomain.fromJSON(value))).toBe('ERR_SPIFFE_ID_NOT_TEXT')
    }
  })
})

describe('a TrustDomain', () => {
  const acme = TrustDomain.parse('acme.internal')

  it('has an ID, which is the one without a path', () => {
    expect(acme.id).toEqual(SpiffeID.parse('spiffe://acme.internal'))
    expect(acme.idString).toBe('spiffe://acme.internal')
  })

  it('is written as its bare name everywhere', () => {
    expect(`${acme}`).toBe('acme.internal')
    expect(acme.toString()).toBe('acme.internal')
    expect(JSON.stringify([acme])).toBe('["acme.internal"]')
    expect(inspect(acme)).toBe('TrustDomain(acme.internal)')
  })

  it('equals its like and no other', () => {
    expect(acme.equals(TrustDomain.parse('acme.internal'))).toBe(true)
    expect(acme.equals('spiffe://acme.internal')).toBe(true)
    expect(acme.equals('acme')).toBe(false)
    expect(() => acme.equals('Acme.Internal')).toThrow(SpiffeIDError)
    expect(acme).not.toEqual(TrustDomain.parse('acme'))
  })

  it('is ordered by name', () => {
    const names = ['b', 'a', 'a.b', '_', '-', 'a-b', '0']
    const sorted = names.map((name) => TrustDomain.parse(name)).sort((a, b) => a.compare(b))
    expect(sorted.map(({ name }) => name)).toEqual(['-', '0', '_', 'a', 'a-b', 'a.b', 'b'])
    expect(acme.compare('acme.internal')).toBe(0)
    expect(acme.compare('b')).toBe(-1)
    expect(acme.compare('a')).toBe(1)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(acme)).toBe(true)
    expect(Reflect.set(acme, 'name', 'other')).toBe(false)
  })
})
