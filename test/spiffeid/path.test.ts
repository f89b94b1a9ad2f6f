import { describe, expect, it } from 'vitest'
import { joinPathSegments, validatePath, validatePathSegment } from '../../src/spiffeid/index.ts'
import { codeOf } from './code-of.ts'

const notText = (value: unknown): string => value as string

describe('validatePath', () => {
  it.each(['', '/a', '/a/b', '/...', '/.a', '/a.', '/..a', '/azAZ09._-'])('takes %j', (path) => {
    expect(codeOf(() => validatePath(path))).toBeUndefined()
  })

  it.each([
    ['a', 'ERR_SPIFFE_ID_PATH_RELATIVE'],
    ['a/b', 'ERR_SPIFFE_ID_PATH_RELATIVE'],
    ['/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['/a/', 'ERR_SPIFFE_ID_TRAILING_SLASH'],
    ['//', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['//a', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['/.', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/./a', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/../a', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/%2e', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['/a?', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['/a@b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
  ])('refuses %j', (path, code) => {
    expect(codeOf(() => validatePath(path))).toBe(code)
  })

  it('wants a string', () => {
    expect(() => validatePath(notText(undefined))).toThrow(TypeError)
  })
})

describe('validatePathSegment', () => {
  it.each(['a', '...', '.a', 'a.', '..a', 'azAZ09._-'])('takes %j', (segment) => {
    expect(codeOf(() => validatePathSegment(segment))).toBeUndefined()
  })

  it.each([
    ['', 'ERR_SPIFFE_ID_EMPTY_SEGMENT'],
    ['.', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['..', 'ERR_SPIFFE_ID_DOT_SEGMENT'],
    ['/', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a/b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['a\\b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['%', 'ERR_SPIFFE_ID_PERCENT_ENCODING'],
    ['a#', 'ERR_SPIFFE_ID_QUERY_OR_FRAGMENT'],
    ['a\0', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
  ])('refuses %j', (segment, code) => {
    expect(codeOf(() => validatePathSegment(segment))).toBe(code)
  })

  it('wants a string', () => {
    expect(() => validatePathSegment(notText(1))).toThrow(TypeError)
  })
})

describe('joinPathSegments', () => {
  it('puts a slash before each', () => {
    expect(joinPathSegments('ns', 'prod')).toBe('/ns/prod')
    expect(joinPathSegments()).toBe('')
  })

  it('checks each', () => {
    expect(codeOf(() => joinPathSegments('a', 'b'))).toBeUndefined()
    expect(codeOf(() => joinPathSegments('a', '', 'b'))).toBe('ERR_SPIFFE_ID_EMPTY_SEGMENT')
    expect(codeOf(() => joinPathSegments('..'))).toBe('ERR_SPIFFE_ID_DOT_SEGMENT')
    expect(() => joinPathSegments(notText(undefined))).toThrow(TypeError)
  })
})
