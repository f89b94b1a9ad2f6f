import { describe, expect, it } from 'vitest'
import type { SpiffeErrorCode } from '../../src/errors.ts'
import { WorkloadAPIError } from '../../src/workloadapi/index.ts'
import { Backoff, isForGood } from '../../src/workloadapi/retry.ts'

const failure = (name: string): WorkloadAPIError =>
  new WorkloadAPIError(`ERR_SPIFFE_WORKLOAD_API_${name}` as SpiffeErrorCode, 'failed')

/** The pauses of a backoff with the given luck. */
function pauses(name: string, luck: number, count = 12): number[] {
  const backoff = new Backoff(() => luck)
  return Array.from({ length: count }, () => backoff.next(failure(name)))
}

const LUCKY = 0
const UNLUCKY = 1 - Number.EPSILON

describe('the pause before another attempt', () => {
  it('doubles up to half a minute, half of it by chance', () => {
    expect(pauses('UNAVAILABLE', UNLUCKY, 9)).toEqual([
      400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
    ])
    expect(pauses('UNAVAILABLE', LUCKY, 9)).toEqual([
      200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000,
    ])
    for (const name of ['FAILED', 'TIMEOUT', 'EXHAUSTED', 'SOCKET_MISSING', 'SOCKET_FORBIDDEN']) {
      expect(pauses(name, UNLUCKY)).toEqual(pauses('UNAVAILABLE', UNLUCKY))
    }
  })

  it('is at least a second where there is no identity, and at most ten', () => {
    expect(pauses('PERMISSION_DENIED', LUCKY, 5)).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
    expect(pauses('PERMISSION_DENIED', UNLUCKY, 5)).toEqual([2_000, 4_000, 8_000, 10_000, 10_000])
  })

  it.each(['INVALID_ARGUMENT', 'UNIMPLEMENTED'])('is at least a minute after %s', (name) => {
    expect(Math.min(...pauses(name, LUCKY))).toBe(60_000)
    expect(Math.max(...pauses(name, UNLUCKY))).toBe(600_000)
  })

  it('is a whole number of milliseconds within its bounds, whatever the luck, for ever', () => {
    for (let at = 0; at < 200; at++) {
      for (const pause of pauses('UNAVAILABLE', Math.random(), 2_000 / 100)) {
        expect(Number.isInteger(pause)).toBe(true)
        expect(pause).toBeLessThanOrEqual(30_000)
        expect(pause).toBeGreaterThanOrEqual(200)
      }
    }
    expect(pauses('UNAVAILABLE', UNLUCKY, 2_000).at(-1)).toBe(30_000)
  })

  it('begins anew after a reset, and differs from one workload to the other', () => {
    const backoff = new Backoff(() => LUCKY)
    for (let at = 0; at < 5; at++) backoff.next(failure('UNAVAILABLE'))
    backoff.reset()
    expect(backoff.next(failure('UNAVAILABLE'))).toBe(200)
    const chance = new Set(Array.from({ length: 20 }, () => new Backoff().next(failure('TIMEOUT'))))
    expect(chance.size).toBeGreaterThan(1)
  })
})

describe('isForGood', () => {
  it('is true of what the standard says not to try again', () => {
    expect(isForGood(failure('INVALID_ARGUMENT'))).toBe(true)
    expect(isForGood(failure('UNIMPLEMENTED'))).toBe(true)
    for (const name of [
      'UNAVAILABLE',
      'PERMISSION_DENIED',
      'FAILED',
      'EXHAUSTED',
      'TIMEOUT',
      'SOCKET_MISSING',
    ]) {
      expect(isForGood(failure(name))).toBe(false)
    }
  })
})
