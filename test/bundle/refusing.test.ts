import { expect, test } from 'vitest'
import { BundleError } from '../../src/bundle/index.ts'
import { refusing } from '../../src/bundle/refusing.ts'
import { SpiffeError } from '../../src/errors.ts'

const refusal = (cause: SpiffeError): BundleError =>
  new BundleError('ERR_SPIFFE_JWK_MALFORMED', 'key 1 of the set cannot be read', { cause })

test('what is read comes through', () => {
  expect(refusing(() => 1, refusal)).toBe(1)
})

test('a refusal becomes the cause of the refusal of what was read', () => {
  const cause = new SpiffeError('ERR_SPIFFE_BASE64_MALFORMED', 'it is no base64')
  expect(() =>
    refusing(() => {
      throw cause
    }, refusal),
  ).toThrow(expect.objectContaining({ code: 'ERR_SPIFFE_JWK_MALFORMED', cause }))
})

test('an error that is none of ours comes through', () => {
  const bug = new TypeError('undefined is not a function')
  expect(() =>
    refusing(() => {
      throw bug
    }, refusal),
  ).toThrow(bug)
})
