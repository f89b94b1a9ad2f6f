import { describe, expect, test } from 'vitest'
import { decodeBase64, decodeBase64url, encodeBase64url } from '../../src/internal/base64url.ts'

describe('decodeBase64url', () => {
  test('gives the bytes of canonical text', () => {
    expect([...decodeBase64url('')]).toEqual([])
    expect([...decodeBase64url('-_8')]).toEqual([0xfb, 0xff])
    expect([...decodeBase64url('AQAB')]).toEqual([1, 0, 1])
  })

  test.each([
    ['padding', 'AQ==', 'AQ'],
    ['the other alphabet', '+/8', '-_8'],
    ['a character that decodes to nothing', 'A', 'AA'],
    ['five characters', 'AAAAA', 'AAAAAA'],
    ['unused bits after one byte', 'AR', 'AQ'],
    ['unused bits after two bytes', 'AAB', 'AAA'],
    ['a line break', 'AQ\nAB', 'AQAB'],
    ['white space at the end', 'AQAB ', 'AQAB'],
    ['a character of no alphabet', 'AQ*B', 'AQAB'],
    ['a character beyond ASCII that a byte could hold', 'AQ\u0142B', 'AQBB'],
    ['a dot', 'AQ.B', 'AQAB'],
  ])('refuses %s', (_, refused, valid) => {
    expect(decodeBase64url(valid)).toBeInstanceOf(Uint8Array)
    expect(() => decodeBase64url(refused)).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_BASE64_MALFORMED', rule: 'RFC 7515 §2' }),
    )
  })

  test('shows nothing of the text it refuses', () => {
    expect(() => decodeBase64url('c2VjcmV0=')).toThrow(expect.not.objectContaining({ message: /c2VjcmV0/ }))
  })
})

describe('decodeBase64', () => {
  test('gives the bytes of canonical text with its padding', () => {
    expect([...decodeBase64('+/8=')]).toEqual([0xfb, 0xff])
  })

  test.each([
    ['no padding', 'AQ', 'AQ=='],
    ['too much padding', 'AQAB=', 'AQAB'],
    ['the other alphabet', '-_8=', '+/8='],
    ['unused bits', 'AR==', 'AQ=='],
    ['a line break', 'AQAB\nAQAB', 'AQABAQAB'],
  ])('refuses %s', (_, refused, valid) => {
    expect(decodeBase64(valid)).toBeInstanceOf(Uint8Array)
    expect(() => decodeBase64(refused)).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_BASE64_MALFORMED', rule: 'RFC 7517 §4.7' }),
    )
  })
})

test('encodes a view of a larger buffer as that view alone', () => {
  expect(encodeBase64url(Uint8Array.of(9, 1, 0, 1, 9).subarray(1, 4))).toBe('AQAB')
})
