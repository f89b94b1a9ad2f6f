import { AbortScope } from './abort-scope.ts'
import type { Clock } from './clock.ts'
import { asWorkloadAPIError, WorkloadAPIError } from './error.ts'
import { Backoff, isForGood } from './retry.ts'
import { sleep } from './wait.ts'

/** What happens in a watch between its updates. */
export interface WatchObserver {
  /** A message was refused; the stream goes on. */
  onRefused(error: WorkloadAPIError): void
  /** The stream ended, with an error or as streams do, and will be opened again at that time. */
  onEnded(error: WorkloadAPIError | undefined, retryAt: Date): void
  /** Whether to go on after what the standard says not to retry, because there is something to lose. */
  outlives(error: WorkloadAPIError): boolean
  /** Whether to ask again at once, because what the error says may be over by then. */
  doubts(error: WorkloadAPIError): boolean
}

/** What a watch is made of. */
export interface WatchParameters<T> {
  /** Opens the stream. Its messages come unread: reading one may throw. */
  open(signal: AbortSignal): AsyncIterable<() => T>
  /** Called when the stream was opened and nothing came; gives the error of that attempt. */
  onSilence(silentMs: number): WorkloadAPIError
  readonly observer: WatchObserver
  readonly clock: Clock
  readonly signal: AbortSignal
}

// A Workload API sends the first message of a stream without delay (Workload API §4.3).
const LONGEST_SILENCE_MS = 30_000
// A stream that ends in order is opened again at once (Workload API §4.2), as is one that ends in doubt, but never
// in a circle.
const SHORTEST_ROUND_MS = 1_000

/**
 * Keeps a stream open and gives every message of it that can be read.
 *
 * It goes on for ever: after an error with growing pauses, after an end in order or in doubt at once. It throws
 * only what cannot get better (Workload Endpoint §6), and the reason of its signal.
 */
export async function* watch<T>(parameters: WatchParameters<T>): AsyncGenerator<T, never, void> {
  const { observer, clock, signal } = parameters
  const backoff = new Backoff()
  let doubtedAtMs = -Infinity
  for (;;) {
    const openedAtMs = clock.now().getTime()
    let error: WorkloadAPIError | undefined = endedWithoutUpdate()
    try {
      for await (const message of openOrGiveUp(parameters)) {
        const update = readOrReport(message, observer)
        if (update === undefined) continue
        backoff.reset()
        error = undefined
        yield update.value
      }
    } catch (failure) {
      signal.throwIfAborted()
      if (!(failure instanceof WorkloadAPIError)) throw failure
      error = failure
    }
    if (error && isForGood(error) && !observer.outlives(error)) throw error

    const nowMs = clock.now().getTime()
    let pauseMs: number
    if (error === undefined) {
      pauseMs = restOfRound(openedAtMs, nowMs)
    } else if (observer.doubts(error)) {
      pauseMs = restOfRound(doubtedAtMs, nowMs)
      doubtedAtMs = nowMs
    } else {
      pauseMs = backoff.next(error)
    }
    observer.onEnded(error, new Date(nowMs + pauseMs))
    await sleep(clock, pauseMs, signal)
  }
}

/** What is left of the shortest round that began then. */
function restOfRound(beganAtMs: number, nowMs: number): number {
  return Math.max(0, beganAtMs + SHORTEST_ROUND_MS - nowMs)
}

/** The messages of one stream. One that begins with silence is ended. */
async function* openOrGiveUp<T>({
  open,
  onSilence,
  clock,
  signal,
}: WatchParameters<T>): AsyncGenerator<() => T, void, void> {
  const scope = new AbortScope(signal)
  const stopWaiting = clock.schedule(() => scope.abort(onSilence(LONGEST_SILENCE_MS)), LONGEST_SILENCE_MS)
  try {
    for await (const message of open(scope.signal)) {
      stopWaiting()
      yield message
    }
  } finally {
    stopWaiting()
    scope.end()
  }
}

/** Reads a message. One that is refused costs itself and nothing else (Workload API §4.5). */
function readOrReport<T>(message: () => T, observer: WatchObserver): { readonly value: T } | undefined {
  try {
    return { value: message() }
  } catch (error) {
    observer.onRefused(asWorkloadAPIError(error, 'a message could not be used'))
    return undefined
  }
}

function endedWithoutUpdate(): WorkloadAPIError {
  return new WorkloadAPIError(
    'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE',
    'the stream of the Workload API ended before a message of it could be used',
  )
}
