import { expect, test } from 'vitest'
import { BundleError, BundleMap, SpiffeBundle } from '../../src/bundle/index.ts'
import { readOrSkip, type SkippedElement } from '../../src/bundle/skipped.ts'

test('a refused element is noted, and an error that is none of ours comes through', () => {
  const skipped: SkippedElement[] = []
  const error = new BundleError('ERR_SPIFFE_JWK_MALFORMED', 'key 1 of the set is no object')
  readOrSkip(1, skipped, () => {
    throw error
  })
  expect(skipped).toEqual([{ at: 1, error }])
  const bug = new TypeError('undefined is not a function')
  expect(() =>
    readOrSkip(2, skipped, () => {
      throw bug
    }),
  ).toThrow(bug)
  expect(skipped).toHaveLength(1)
})

test('where nothing was read nothing was passed over', () => {
  expect(SpiffeBundle.from('td').skipped).toEqual([])
  expect(BundleMap.from([SpiffeBundle.from('td')]).skipped).toEqual([])
})
