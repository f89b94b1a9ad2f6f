import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { SpiffeID, SpiffeIDError, TrustDomain, template } from '../../src/spiffeid/index.ts'
import { codeOf } from './code-of.ts'

const ORDERS = 'spiffe://acme.internal/ns/prod/sa/orders'

/** A text that TypeScript would not let through. */
const notText = (value: unknown): string => value as string

describe('SpiffeID.parse', () => {
  it.each([
    'spiffe://td',
    'spiffe://td/a',
    'spiffe://1.2.3.4/a',
    'spiffe://a_b-c.d/A/b.C_d-e',
    'spiffe://td/...',
    'spiffe://td/.hidden',
    'spiffe://td/a..',
    'spiffe://td/..a',
    'spiffe://td/.a.',
    'spiffe://-/x',
    'spiffe://0/0',
    'spiffe://az09/azAZ09._-',
  ])('takes %s and gives it back unchanged', (text) => {
    const id = SpiffeID.parse(text)
    expect(id.uri).toBe(text)
    expect(id.trustDomain.idString + id.path).toBe(text)
    expect(id.path).toBe(id.segments.map((segment) => `/${segment}`).join(''))
  })

  it.each([
    ['nothing at all', '', 'ERR_SPIFFE_ID_EMPTY'],
    ['another scheme', 'https://td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['no scheme', 'td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['one slash', 'spiffe:/td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['no slash', 'spiffe:td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['part of the scheme', 'spiffe:/', 'ERR_SPIFFE_ID_SCHEME'],
    ['a space before it', ' spiffe://td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['upper case in the scheme', 'Spiffe://td/a', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['upper case in the trust domain', 'spiffe://tD/a', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['the first upper-case letter', 'spiffe://A/a', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['the last upper-case letter', 'spiffe://Z/a', 'ERR_SPIFFE_ID_UPPER_CASE'],
    ['no trust domain', 'spiffe://', 'ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY'],
    ['no trust domain before a path', 'spiffe:///a', 'ERR_SPIFFE_ID_TRUST_DOMAIN_EMPTY'],
    ['a user', 'spiffe://u@td/a', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['a port', 'spiffe://td:80/a', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['an empty port', 'spiffe://td:', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['a bracket in the trust domain', 'spiffe://[::1]/a', 'ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER'],
    ['a backslash for a slash', 'spiffe://td\\a', 'ERR_SPIFFE_ID_TRUST_DOMAIN_CHARACTER'],
    ['percent-encoding in the trust domain', 'spiffe://t%64/a', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['percent-encoding in the path', 'spiffe://td/%61', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['a query behind the trust domain', 'spiffe://td?q', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['a fragment behind the trust domain', 'spiffe://td#f', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['an empty query', 'spiffe://td/a?', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['an empty fragment', 'spiffe://td/a#', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['a space in the path', 'spiffe://td/a b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a tilde in the path', 'spiffe://td/a~b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a colon in the path', 'spiffe://td/a:b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['an umlaut in the path', 'spiffe://td/ä', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a line break at the end', 'spiffe://td/a\n', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['an empty path', 'spiffe://td/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['a slash at the end', 'spiffe://td/a/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    [
      'a slash at the end, the trust domain as long as can be',
      `spiffe://${'a'.repeat(255)}/`,
      'ERR_SPIFFE_ID_TRAILING_SLASH',
    ],
    ['an empty first segment', 'spiffe://td//a', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['an empty segment', 'spiffe://td/a//b', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['a dot', 'spiffe://td/.', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['two dots', 'spiffe://td/..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['a dot on the way', 'spiffe://td/a/./b', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['two dots on the way', 'spiffe://td/../b', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
  ])('refuses %s', (_, text, code) => {
    expect(codeOf(() => SpiffeID.parse(text))).toBe(code)
    expect(SpiffeID.tryParse(text)).toBeUndefined()
  })

  it('says what it refused, by which rule, and what to do', () => {
    const refuse = (): unknown => SpiffeID.parse('spiffe://acme.internal/')
    expect(refuse).toThrow(SpiffeIDError)
    expect(refuse).toThrow(SpiffeError)
    expect(refuse).toThrow(
      '"spiffe://acme.internal/" ends with a slash (SPIFFE-ID §2.2); remove the slash at the end',
    )
    expect(refuse).toThrow(expect.objectContaining({ name: 'SpiffeIDError', rule: 'SPIFFE-ID §2.2' }))
  })

  it('names the clause of the part that holds the percent sign', () => {
    expect(() => SpiffeID.parse('spiffe://t%64')).toThrow('(SPIFFE-ID §2.1)')
    expect(() => SpiffeID.parse('spiffe://td/%64')).toThrow('(SPIFFE-ID §2.2)')
  })

  it('points at the character it refused', () => {
    expect(() => SpiffeID.parse('spiffe://td/a\nb')).toThrow('has "\\n" in its path, at index 13')
    expect(() => SpiffeID.parse('spiffe://t d/a')).toThrow('has " " in its trust domain, at index 10')
  })

  it('repeats no more of a hostile text than fits a line', () => {
    const refuse = (): unknown => SpiffeID.parse(`spiffe://td/${'x'.repeat(100_000)}`)
    expect(refuse).toThrow('has 100012 characters')
    expect(refuse).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{0,300}$/s) }))
  })

  it('wants a string', () => {
    expect(SpiffeID.parse(ORDERS).uri).toBe(ORDERS)
    for (const value of [undefined, null, 1, {}, new String(ORDERS), [ORDERS]]) {
      expect(() => SpiffeID.parse(notText(value))).toThrow(TypeError)
      expect(() => SpiffeID.parse(notText(value), { fold: true })).toThrow(TypeError)
      expect(() => SpiffeID.tryParse(notText(value))).toThrow(TypeError)
    }
  })

  it('checks what a caller hands to the constructor past TypeScript', () => {
    const construct = (text: unknown): unknown => Reflect.construct(SpiffeID, [text])
    expect(construct(ORDERS)).toEqual(SpiffeID.parse(ORDERS))
    expect(codeOf(() => construct('spiffe://td/'))).toBe('ERR_SPIFFE_ID_TRAILING_SLASH')
    expect(() => construct(undefined)).toThrow(TypeError)
  })
})

describe('folding', () => {
  it('lowers scheme and trust domain, and leaves the path', () => {
    expect(`${SpiffeID.parse('SPIFFE://Acme.INTERNAL/Ns/PROD', { fold: true })}`).toBe(
      'spiffe://acme.internal/Ns/PROD',
    )
    expect(`${SpiffeID.parse('SPIFFE://ACME', { fold: true })}`).toBe('spiffe://acme')
    expect(`${SpiffeID.tryParse('spiffe://AZ/AZ', { fold: true })}`).toBe('spiffe://az/AZ')
  })

  it('does not happen unless it is asked for', () => {
    const text = 'spiffe://Acme.internal/a'
    expect(codeOf(() => SpiffeID.parse(text, { fold: true }))).toBeUndefined()
    for (const options of [undefined, {}, { fold: false }, { fold: undefined }]) {
      expect(codeOf(() => SpiffeID.parse(text, options))).toBe('ERR_SPIFFE_ID_UPPER_CASE')
      expect(SpiffeID.tryParse(text, options)).toBeUndefined()
    }
  })

  it.each([
    ['Kelvin sign', 'spiffe://\u212a/a'],
    ['long s', 'spiffe://acme\u017f/a'],
    ['long s in the scheme', '\u017fpiffe://td/a'],
    ['dotted I', 'spiffe://\u0130/a'],
    ['full-width A', 'spiffe://\uff21/a'],
    ['capital sharp s', 'spiffe://\u1e9e/a'],
  ])('does not lower the %s, which is no ASCII letter', (_, text) => {
    expect(SpiffeID.tryParse('SPIFFE://KS/a', { fold: true })?.uri).toBe('spiffe://ks/a')
    expect(SpiffeID.tryParse(text, { fold: true })).toBeUndefined()
    expect(SpiffeID.tryParse(text)).toBeUndefined()
  })

  it('forgives nothing else', () => {
    for (const text of [' spiffe://td', 'spiffe:/TD/a', 'SPIFFE:TD', 'spiffe://TD/', 'SPIFFE', '']) {
      expect(SpiffeID.tryParse(text, { fold: true })).toBeUndefined()
    }
  })
})

describe('every way to make an ID', () => {
  const ways: readonly [string, (path: string) => SpiffeID][] = [
    ['parse', (path) => SpiffeID.parse(`spiffe://td${path}`)],
    ['parse with folding', (path) => SpiffeID.parse(`SPIFFE://TD${path}`, { fold: true })],
    ['from', (path) => SpiffeID.from(`spiffe://td${path}`)],
    ['fromJSON', (path) => SpiffeID.fromJSON(JSON.parse(JSON.stringify(`spiffe://td${path}`)))],
    ['fromPath', (path) => SpiffeID.fromPath('td', path)],
    ['fromSegments', (path) => SpiffeID.fromSegments('td', ...path.split('/').slice(1))],
    ['appendPath', (path) => SpiffeID.parse('spiffe://td').appendPath(path)],
    ['appendSegments', (path) => SpiffeID.parse('spiffe://td').appendSegments(...path.split('/').slice(1))],
    ['replacePath', (path) => SpiffeID.parse('spiffe://td/old').replacePath(path)],
    [
      'replaceSegments',
      (path) => SpiffeID.parse('spiffe://td/old').replaceSegments(...path.split('/').slice(1)),
    ],
  ]

  describe.each(ways)('%s', (_, make) => {
    it('takes what is right', () => {
      expect(make('/ns/prod').uri).toBe('spiffe://td/ns/prod')
      expect(make('/ns/prod')).toEqual(SpiffeID.parse('spiffe://td/ns/prod'))
      expect(make('').uri).toBe('spiffe://td')
    })

    it.each([
      ['/a//b', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
      ['/a/./b', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
      ['/a/..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
      ['/a%20b', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
      ['/a?b', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
      ['/a#', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
      ['/a b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
      ['/a\\b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
      ['/\u00e4', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ])('refuses %j', (path, code) => {
      expect(codeOf(() => make(path))).toBe(code)
    })

    it('refuses a slash at the end', () => {
      expect(codeOf(() => make('/a/'))).toMatch(/^ERR_SPIFFE_ID_(TRAILING_SLASH|EMPTY_SEGMENT)$/)
    })

    it('ends at 2048 bytes', () => {
      const longest = `/${'a'.repeat(2048 - 'spiffe://td/'.length)}`
      expect(make(longest).uri).toHaveLength(2048)
      expect(codeOf(() => make(`${longest}a`))).toBe('ERR_SPIFFE_ID_TOO_LONG')
    })
  })

  it.each<[string, (name: string) => SpiffeID]>([
    ['parse', (name) => SpiffeID.parse(`spiffe://${name}/a`)],
    ['fromPath', (name) => SpiffeID.fromPath(name, '/a')],
    ['fromSegments', (name) => SpiffeID.fromSegments(name, 'a')],
    ['template', (name) => template('/{x}').fill(name, { x: 'a' })],
    ['trust domain', (name) => TrustDomain.parse(name).id],
  ])('ends the trust domain at 255 bytes (%s)', (_, make) => {
    expect(make('a'.repeat(255)).trustDomain.name).toHaveLength(255)
    expect(codeOf(() => make('a'.repeat(256)))).toBe('ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG')
  })

  it('never lets a path continue the trust domain', () => {
    const root = SpiffeID.parse('spiffe://td')
    expect(root.appendPath('/a').uri).toBe('spiffe://td/a')
    for (const make of [
      () => root.appendPath('.evil'),
      () => root.replacePath('evil'),
      () => SpiffeID.fromPath('td', 'evil'),
    ]) {
      expect(codeOf(make)).toBe('ERR_SPIFFE_ID_PATH_RELATIVE')
    }
  })

  it('never lets a segment be two', () => {
    expect(SpiffeID.fromSegments('td', 'a', 'b').uri).toBe('spiffe://td/a/b')
    expect(codeOf(() => SpiffeID.fromSegments('td', 'a/b'))).toBe('ERR_SPIFFE_ID_PATH_CHARACTER')
    expect(codeOf(() => SpiffeID.fromSegments('td', ''))).toBe('ERR_SPIFFE_ID_EMPTY_SEGMENT')
  })

  it('takes the trust domain as a value, a name or an ID', () => {
    const expected = SpiffeID.parse('spiffe://td/a')
    expect(SpiffeID.fromPath(TrustDomain.parse('td'), '/a')).toEqual(expected)
    expect(SpiffeID.fromPath('spiffe://td', '/a')).toEqual(expected)
    expect(codeOf(() => SpiffeID.fromPath('TD', '/a'))).toBe('ERR_SPIFFE_ID_UPPER_CASE')
    expect(() => SpiffeID.fromPath(notText(undefined), '/a')).toThrow(TypeError)
  })

  it('wants strings for paths and segments', () => {
    expect(SpiffeID.fromSegments('td', 'a').uri).toBe('spiffe://td/a')
    expect(() => SpiffeID.fromPath('td', notText(undefined))).toThrow(TypeError)
    expect(() => SpiffeID.fromSegments('td', notText(1))).toThrow(TypeError)
    expect(() => SpiffeID.parse('spiffe://td').appendPath(notText(null))).toThrow(TypeError)
  })

  it('refuses what JSON holds instead of a string as bad data, not as a wrong argument', () => {
    expect(SpiffeID.fromJSON('spiffe://td/a').uri).toBe('spiffe://td/a')
    for (const value of [null, 1, true, {}, ['spiffe://td/a'], undefined]) {
      expect(codeOf(() => SpiffeID.fromJSON(value))).toBe('ERR_SPIFFE_ID_NOT_TEXT')
    }
  })
})

describe('SpiffeID.fromURL', () => {
  it('takes a URL object', () => {
    expect(SpiffeID.fromURL(new URL(ORDERS))).toEqual(SpiffeID.parse(ORDERS))
  })

  it.each([
    ['https://td/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe://td/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['spiffe://td//a', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['spiffe://u@td/a', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['spiffe://td:80/a', 'ERR_SPIFFE_ID_USERINFO_OR_PORT'],
    ['spiffe://td/a?', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['spiffe://td/a#', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['spiffe://td/a b', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['spiffe://TD/a', 'ERR_SPIFFE_ID_UPPER_CASE'],
    [`spiffe://td/${'a'.repeat(2037)}`, 'ERR_SPIFFE_ID_TOO_LONG'],
    [`spiffe://${'a'.repeat(256)}`, 'ERR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG'],
  ])('refuses the URL %s', (text, code) => {
    expect(codeOf(() => SpiffeID.fromURL(new URL(text)))).toBe(code)
  })

  it('wants a URL object', () => {
    expect(() => SpiffeID.fromURL({ href: ORDERS } as URL)).toThrow(TypeError)
  })
})

describe('a SpiffeID', () => {
  const id = SpiffeID.parse(ORDERS)

  it('tells its parts', () => {
    expect(id.trustDomain).toEqual(TrustDomain.parse('acme.internal'))
    expect(id.trustDomain).toBe(id.trustDomain)
    expect(id.path).toBe('/ns/prod/sa/orders')
    expect(id.segments).toEqual(['ns', 'prod', 'sa', 'orders'])
    expect(id.trustDomain.id.path).toBe('')
    expect(id.trustDomain.id.segments).toEqual([])
  })

  it('is written as its text everywhere', () => {
    expect(id.toString()).toBe(ORDERS)
    expect(`${id}`).toBe(ORDERS)
    expect(JSON.stringify({ id })).toBe(`{"id":"${ORDERS}"}`)
    expect(inspect(id)).toBe(`SpiffeID(${ORDERS})`)
    expect(id.toURL().href).toBe(ORDERS)
  })

  it('equals the same ID and no other', () => {
    expect(id.equals(SpiffeID.parse(ORDERS))).toBe(true)
    expect(id.equals(ORDERS)).toBe(true)
    expect(id.equals('spiffe://acme.internal/ns/prod/sa/Orders')).toBe(false)
    expect(id.equals('spiffe://acme.internal/ns/prod/sa')).toBe(false)
    expect(() => id.equals('orders')).toThrow(SpiffeIDError)
    expect(() => id.equals(notText(undefined))).toThrow(TypeError)
  })

  it('is told apart by deep equality, as tests of services use it', () => {
    expect(id).toEqual(SpiffeID.parse(ORDERS))
    expect(id).not.toEqual(SpiffeID.parse('spiffe://acme.internal/ns/prod/sa/stranger'))
    expect(id).not.toEqual(SpiffeID.parse('spiffe://other.internal/ns/prod/sa/orders'))
  })

  it('is a member of its own trust domain alone', () => {
    expect(id.memberOf('acme.internal')).toBe(true)
    expect(id.memberOf('spiffe://acme.internal')).toBe(true)
    expect(id.memberOf(TrustDomain.parse('acme.internal'))).toBe(true)
    expect(id.memberOf('acme.interna')).toBe(false)
    expect(id.memberOf('internal')).toBe(false)
    expect(() => id.memberOf('Acme.Internal')).toThrow(SpiffeIDError)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(id)).toBe(true)
    expect(Reflect.set(id, 'uri', 'spiffe://other/a')).toBe(false)
    expect(id.uri).toBe(ORDERS)
  })

  it('makes others by appending and replacing, and stays itself', () => {
    expect(id.appendPath('/v1').uri).toBe(`${ORDERS}/v1`)
    expect(id.appendPath('').equals(id)).toBe(true)
    expect(id.appendSegments('v1', 'x').uri).toBe(`${ORDERS}/v1/x`)
    expect(id.appendSegments().equals(id)).toBe(true)
    expect(id.replacePath('/billing').uri).toBe('spiffe://acme.internal/billing')
    expect(id.replacePath('').uri).toBe('spiffe://acme.internal')
    expect(id.replaceSegments('billing', 'v1').uri).toBe('spiffe://acme.internal/billing/v1')
    expect(id.uri).toBe(ORDERS)
  })
})

describe('SpiffeID.from', () => {
  it('gives an ID back as it is, and parses a string', () => {
    const id = SpiffeID.parse(ORDERS)
    expect(SpiffeID.from(id)).toBe(id)
    expect(SpiffeID.from(ORDERS)).toEqual(id)
    expect(() => SpiffeID.from(notText({ uri: ORDERS }))).toThrow(TypeError)
  })
})
