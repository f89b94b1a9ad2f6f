/**
 * The time, and waiting for it. Sources and streams take theirs as an option so that a test can hold it.
 */
export interface Clock {
  /** The current time. */
  now(): Date
  /**
   * Calls back once after a delay. The timer alone keeps no process alive.
   *
   * @param callback - What to call.
   * @param delayMs - How long to wait, in milliseconds; any length, also beyond 2^31 - 1.
   * @returns A function that takes the call back.
   */
  schedule(callback: () => void, delayMs: number): () => void
}

// setTimeout fires at once for delays that do not fit 32 bits.
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  schedule(callback, delayMs) {
    const dueAt = performance.now() + delayMs
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const remainingMs = Math.max(0, dueAt - performance.now())
      timer =
        remainingMs > LONGEST_TIMER_MS ? setTimeout(arm, LONGEST_TIMER_MS) : setTimeout(callback, remainingMs)
      timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}
