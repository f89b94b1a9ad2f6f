import { setImmediate } from 'node:timers/promises'
import { SpiffeError } from '../../src/errors.ts'
import type { ManualClock } from '../../src/testing/manual-clock.ts'

/** Lets everything else run until the condition holds. The test's own time limit bounds it. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setImmediate()
}

/** The error that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was not rejected')
}

/** The code of the SpiffeError that a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  if (error instanceof SpiffeError) return error.code
  throw error
}

/** The code of the SpiffeError that a function throws; `undefined` where it throws none. */
export function codeThrown(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof SpiffeError) return error.code
    throw error
  }
}

/** Moves the clock to whatever is due next, once something is. */
export async function advanceToNext(clock: ManualClock): Promise<number> {
  await eventually(() => clock.nextDueMs !== undefined)
  const ms = clock.nextDueMs ?? 0
  clock.advance(ms)
  return ms
}
