import { expect, test } from 'vitest'
import { isDER } from '../../../src/bundle/x509/read-certificates.ts'
import { authorities } from './certificates.ts'

test('a certificate is known for DER by its first two bytes', () => {
  expect(isDER(authorities.ec.raw)).toBe(true)
  expect(isDER(Buffer.from(authorities.ec.toString()))).toBe(false)
})

test.each<[bytes: readonly number[], is: boolean]>([
  [[0x30, 0x81], true],
  [[0x30, 0x84], true],
  [[0x30, 0x85], false],
  [[0x30, 0x80], false],
  [[0x30, 0x7f], false],
  [[0x31, 0x82], false],
  [[0x30], false],
  [[], false],
])('%j, and whether that is DER: %j', (bytes, is) => {
  expect(isDER(Uint8Array.from(bytes))).toBe(is)
})
