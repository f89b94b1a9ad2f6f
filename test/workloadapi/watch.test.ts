import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { watch } from '../../src/workloadapi/watch.ts'
import { rejection } from './support.ts'

describe('a watch', () => {
  it('does not try again what is a fault of the program and none of the Workload API', async () => {
    const fault = new TypeError('of the program')
    const clock = new ManualClock()
    const updates = watch({
      open() {
        throw fault
      },
      onSilence: () => expect.unreachable(),
      observer: {
        onRefused: () => expect.unreachable(),
        onEnded: () => expect.unreachable(),
        outlives: () => true,
        doubts: () => true,
      },
      clock,
      signal: new AbortController().signal,
    })
    expect(await rejection(updates.next())).toBe(fault)
    expect(clock.pending).toBe(0)
  })
})
