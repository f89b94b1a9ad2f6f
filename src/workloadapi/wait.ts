import { onAbort } from './abort-scope.ts'
import type { Clock } from './clock.ts'

const HOUR_MS = 3_600_000

/** Waits; ends early with the signal's reason. The wait keeps no process alive. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const cancel = clock.schedule(() => {
      off()
      resolve()
    }, delayMs)
    const off = onAbort(signal, () => {
      cancel()
      reject(signal.reason)
    })
  })
}

/**
 * Keeps the process alive until the returned function is called: somebody waits for an answer, and our
 * sockets and timers alone would let it exit.
 */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, HOUR_MS)
  return () => clearInterval(timer)
}

/** What the promise gives, or the signal's reason, whichever comes first. The promise is left alone. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    promise.then(resolve, reject).finally(off)
  })
}
