import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { decodeBase64url, encodeBase64url } from '../../src/internal/base64url.ts'
import { fuzzRuns } from '../support/fuzz.ts'

test('bytes come back from base64url as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...decodeBase64url(encodeBase64url(bytes))]).toEqual([...bytes])
    }),
    fuzzRuns(),
  )
})

test('no two texts are the same bytes: what is taken encodes to the same text again', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'ABQwg048-_+/=\n\u0142'), maxLength: 12 })
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string({ unit: 'binary', maxLength: 12 })), (text) => {
      let bytes: Uint8Array
      try {
        bytes = decodeBase64url(text)
      } catch (error) {
        expect(error).toBeInstanceOf(SpiffeError)
        return
      }
      expect(encodeBase64url(bytes)).toBe(text)
    }),
    fuzzRuns(),
  )
})
