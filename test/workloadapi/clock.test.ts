import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/workloadapi/index.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the clock of the machine', () => {
  it('tells the time', () => {
    vi.setSystemTime('2030-01-01T00:00:00Z')
    expect(systemClock.now()).toEqual(new Date('2030-01-01T00:00:00Z'))
  })

  it.each([0, 1, 60_000, LONGEST_TIMER_MS, LONGEST_TIMER_MS + 1, 28 * 24 * 3_600_000, 3 * LONGEST_TIMER_MS])(
    'calls back once after %i ms, however long that is',
    (delayMs) => {
      const callback = vi.fn()
      systemClock.schedule(callback, delayMs)
      if (delayMs > 0) {
        vi.advanceTimersByTime(delayMs - 1)
        expect(callback).not.toHaveBeenCalled()
      }
      vi.advanceTimersByTime(2)
      expect(callback).toHaveBeenCalledOnce()
      vi.advanceTimersByTime(4 * LONGEST_TIMER_MS)
      expect(callback).toHaveBeenCalledOnce()
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('calls back soon for a time that is over', () => {
    const callback = vi.fn()
    systemClock.schedule(callback, -5)
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
  })

  it('takes a call back, also one that is far away', () => {
    const callback = vi.fn()
    const cancels = [1_000, 2 * LONGEST_TIMER_MS].map((delayMs) => systemClock.schedule(callback, delayMs))
    vi.advanceTimersByTime(500)
    for (const cancel of cancels) cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(3 * LONGEST_TIMER_MS)
    expect(callback).not.toHaveBeenCalled()
  })

  it('keeps no process alive', () => {
    vi.useRealTimers()
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const cancel = systemClock.schedule(() => {}, 60_000)
    expect(timers()).toBe(before)
    cancel()
  })
})
