import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'

const start = new Date('2030-01-01T00:00:00Z')
const later = (ms: number): Date => new Date(start.getTime() + ms)

describe('ManualClock', () => {
  test('stands still until it is advanced', () => {
    const clock = new ManualClock(start)
    expect(clock.now()).toEqual(start)
    clock.advance(1_500)
    expect(clock.now()).toEqual(later(1_500))
  })

  test('starts at the time of the machine where none is given', () => {
    const before = Date.now()
    const shown = new ManualClock().now().getTime()
    expect(shown).toBeGreaterThanOrEqual(before)
    expect(shown).toBeLessThanOrEqual(Date.now())
  })

  test('runs a callback when its time has come, at that time and not before', () => {
    const clock = new ManualClock(start)
    const seen: Date[] = []
    clock.schedule(() => seen.push(clock.now()), 100)
    clock.advance(99)
    expect(seen).toEqual([])
    clock.advance(1_000)
    expect(seen).toEqual([later(100)])
  })

  test('runs a callback once only', () => {
    const clock = new ManualClock(start)
    let runs = 0
    clock.schedule(() => runs++, 10)
    clock.advance(10)
    clock.advance(10)
    expect(runs).toBe(1)
  })

  test('runs callbacks in the order of their time, then in the order of their scheduling', () => {
    const clock = new ManualClock(start)
    const order: string[] = []
    clock.schedule(() => order.push('late'), 20)
    clock.schedule(() => order.push('first of two'), 10)
    clock.schedule(() => order.push('second of two'), 10)
    clock.advance(20)
    expect(order).toEqual(['first of two', 'second of two', 'late'])
  })

  test('runs what a callback schedules within the same span, and leaves what lies beyond', () => {
    const clock = new ManualClock(start)
    const seen: number[] = []
    const tick = (): void => {
      seen.push(clock.now().getTime() - start.getTime())
      clock.schedule(tick, 40)
    }
    clock.schedule(tick, 40)
    clock.advance(100)
    expect(seen).toEqual([40, 80])
    expect(clock.nextDueMs).toBe(20)
  })

  test('runs no callback that was taken back', () => {
    const clock = new ManualClock(start)
    let runs = 0
    const cancel = clock.schedule(() => runs++, 10)
    expect(clock.pending).toBe(1)
    cancel()
    cancel()
    expect(clock.pending).toBe(0)
    expect(clock.nextDueMs).toBeUndefined()
    clock.advance(100)
    expect(runs).toBe(0)
  })

  test('takes a delay in the past for none, and runs it even when no time passes', () => {
    const clock = new ManualClock(start)
    let runs = 0
    clock.schedule(() => runs++, -5)
    clock.advance(0)
    expect(runs).toBe(1)
    expect(clock.now()).toEqual(start)
  })

  test('cannot be changed through a Date that it gave out or was started with', () => {
    const given = new Date(start)
    const clock = new ManualClock(given)
    given.setFullYear(1999)
    clock.now().setFullYear(1999)
    expect(clock.now()).toEqual(start)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses to advance by %s', (ms) => {
    const clock = new ManualClock(start)
    expect(() => clock.advance(ms)).toThrow(TypeError)
    expect(clock.now()).toEqual(start)
  })

  test('refuses to start at an invalid time and a delay that is no number', () => {
    expect(() => new ManualClock(new Date('never'))).toThrow(TypeError)
    expect(() => new ManualClock(start).schedule(() => undefined, Number.NaN)).toThrow(TypeError)
  })
})
