import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { BundleError, BundleMap, SpiffeBundle } from '../../../src/bundle/index.ts'
import { codesOf, refusalOf } from '../refusal.ts'
import { authorities } from '../x509/certificates.ts'
import { document, jwtKey, x509Key } from './documents.ts'

const bundle = document([x509Key(authorities.ec), jwtKey('a')], { spiffe_sequence: 7 })

const mapText = (...entries: readonly (readonly [name: string, bundle: string])[]): string =>
  `{"trust_domains":{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}}`
const names = ({ bundles }: BundleMap): readonly string[] =>
  [...bundles].map(({ trustDomain }) => trustDomain.name)

describe('a bundle map', () => {
  test('gives a bundle for each trust domain by its name', () => {
    const map = BundleMap.parse(mapText(['b.example', bundle], ['a.example', '{"keys":[]}']))
    expect(names(map)).toEqual(['a.example', 'b.example'])
    expect(map.bundles.get('b.example')?.equals(SpiffeBundle.parse('b.example', bundle))).toBe(true)
    expect(map.bundles.get('a.example')?.isEmpty).toBe(true)
    expect(map.skipped).toEqual([])
  })

  test('is read from bytes as from text, and may say more than the standard knows', () => {
    const text = `{"note":[],"trust_domains": { "a.example" : ${bundle} } }`
    expect(BundleMap.parse(Buffer.from(text)).equals(BundleMap.parse(mapText(['a.example', bundle])))).toBe(
      true,
    )
  })

  test('may have no trust domains', () => {
    expect(BundleMap.parse('{"trust_domains":{}}').bundles.size).toBe(0)
  })

  test.each([
    ['no object', '[]'],
    ['no bytes at all', ''],
    ['no JSON', '{"trust_domains":{}'],
    ['without trust_domains', '{}'],
    ['a bundle', '{"keys":[]}'],
    ['with trust_domains that are null', '{"trust_domains":null}'],
    ['with trust_domains that are a list', '{"trust_domains":[]}'],
    ['with trust_domains twice', '{"trust_domains":{},"trust_domains":{}}'],
  ])('is refused as a whole when it is %s', (_, text) => {
    expect(BundleMap.parse('{"trust_domains":{}}').skipped).toEqual([])
    expect(refusalOf(() => BundleMap.parse(text))).toMatchObject({ code: 'ERR_SPIFFE_BUNDLE_MAP_MALFORMED' })
  })

  test.each([
    ['twice', ['a.example', bundle], ['a.example', bundle]],
    ['twice with different bundles', ['a.example', bundle], ['a.example', '{"keys":[]}']],
    ['twice, the second time with a broken bundle', ['a.example', bundle], ['a.example', '{}']],
  ] as const)('is refused as a whole when it names a trust domain %s', (_, first, second) => {
    expect(names(BundleMap.parse(mapText(first, ['b.example', bundle])))).toEqual(['a.example', 'b.example'])
    expect(codesOf(() => BundleMap.parse(mapText(first, second)))).toEqual([
      'ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN',
    ])
  })

  test('is refused as a whole when it names a trust domain twice in different spellings', () => {
    const text = `{"trust_domains":{"a.example":${bundle},"\\u0061.example":{"keys":[]}}}`
    expect(codesOf(() => BundleMap.parse(text))).toEqual(['ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN'])
  })

  test.each([
    ['a SPIFFE ID', 'spiffe://c.example'],
    ['a SPIFFE ID with a path', 'spiffe://c.example/orders'],
    ['in upper case', 'C.example'],
    ['empty', ''],
    ['no name', 'c example'],
    ['__proto__ written as a name', '__PROTO__'],
  ])('skips an entry whose name is %s, and keeps the others', (_, name) => {
    const map = BundleMap.parse(mapText(['a.example', bundle], [name, bundle], ['b.example', bundle]))
    expect(names(map)).toEqual(['a.example', 'b.example'])
    expect(map.skipped.map(({ at, error }) => [at, error.code])).toEqual([
      [name, 'ERR_SPIFFE_BUNDLE_MAP_MALFORMED'],
    ])
  })

  test('takes __proto__ for the trust domain name that it is', () => {
    const map = BundleMap.parse(mapText(['__proto__', bundle]))
    expect(names(map)).toEqual(['__proto__'])
    expect(map.bundles.has('a.example')).toBe(false)
  })

  test.each(['{}', '{"keys":null}', 'null', '[]', '"{}"', '{"keys":[],"keys":[]}'])(
    'skips an entry whose bundle is %s, and keeps the others',
    (broken) => {
      const map = BundleMap.parse(mapText(['a.example', broken], ['b.example', bundle]))
      expect(names(map)).toEqual(['b.example'])
      expect(map.skipped.map(({ at, error }) => [at, error.code])).toEqual([
        ['a.example', 'ERR_SPIFFE_BUNDLE_MALFORMED'],
      ])
    },
  )

  test('keeps an entry of which one key is broken', () => {
    const map = BundleMap.parse(mapText(['a.example', document([{}, x509Key(authorities.ec)])]))
    expect(map.skipped).toEqual([])
    expect(map.bundles.get('a.example')?.skipped).toHaveLength(1)
    expect(map.bundles.get('a.example')?.x509Bundle.isEmpty).toBe(false)
    const hinted = BundleMap.parse(mapText(['a.example', document([{}], { spiffe_refresh_hint: 60 })]))
    expect(hinted.bundles.get('a.example')?.skipped).toHaveLength(1)
  })

  test('drops the refresh hints of its bundles', () => {
    const hinted = document([], { spiffe_refresh_hint: 60, spiffe_sequence: 7 })
    const map = BundleMap.parse(mapText(['a.example', hinted]))
    expect(map.bundles.get('a.example')).toMatchObject({ refreshHintSeconds: undefined, sequenceNumber: 7n })
    expect(BundleMap.from([SpiffeBundle.parse('a.example', hinted)]).marshal()).not.toContain('refresh_hint')
  })

  test('may name ten thousand trust domains', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => [`${at}`, '{"keys":[]}'] as const)
    expect(BundleMap.parse(mapText(...many)).bundles.size).toBe(10_000)
  })

  test.each<[string, number, (size: number) => string]>([
    ['64 MiB', 64 * 1024 * 1024, (size) => `{"trust_domains":{},"a":"${'x'.repeat(size - 27)}"}`],
    ['100,000 trust domains', 100_000, (count) => `{"trust_domains":{${'"a":0,'.repeat(count - 1)}"a":0}}`],
    [
      '2,000,000 values',
      19,
      (rows) =>
        `{"a":[${Array(rows)
          .fill(`[${'0,'.repeat(99_999)}0]`)
          .join()}],"trust_domains":{}}`,
    ],
  ])('is refused before it is parsed when it has more than %s', (_, most, text) => {
    const isTooLarge = (size: number): boolean => {
      try {
        BundleMap.parse(text(size))
      } catch (error) {
        return error instanceof BundleError && error.code === 'ERR_SPIFFE_BUNDLE_TOO_LARGE'
      }
      return false
    }
    expect(isTooLarge(most)).toBe(false)
    const parseJSON = vi.spyOn(JSON, 'parse')
    expect(isTooLarge(most + 1)).toBe(true)
    expect(parseJSON).not.toHaveBeenCalled()
    parseJSON.mockRestore()
  })

  test('refuses two bundles of one trust domain', () => {
    expect(
      codesOf(() => BundleMap.from([SpiffeBundle.from('a.example'), SpiffeBundle.from('a.example')])),
    ).toEqual(['ERR_SPIFFE_BUNDLE_DUPLICATE_TRUST_DOMAIN'])
  })

  test('is written and read back', () => {
    const map = BundleMap.from([SpiffeBundle.parse('b.example', bundle), SpiffeBundle.from('a.example')])
    expect(Object.keys(JSON.parse(map.marshal()).trust_domains)).toEqual(['a.example', 'b.example'])
    expect(BundleMap.parse(map.marshal()).equals(map)).toBe(true)
    expect(map.equals(BundleMap.from([SpiffeBundle.from('a.example')]))).toBe(false)
    expect(BundleMap.from([]).marshal()).toBe('{"trust_domains":{}}')
  })

  test('cannot be changed', () => {
    const map = BundleMap.parse(mapText(['A', bundle]))
    expect(Object.isFrozen(map)).toBe(true)
    expect(Object.isFrozen(map.skipped)).toBe(true)
  })

  test('shows its size when it is inspected', () => {
    expect(inspect(BundleMap.parse(mapText(['a.example', bundle])))).toBe('BundleMap(1 trust domains)')
  })
})
