import type { SpiffeError, SpiffeErrorCode } from '../errors.ts'

/** How long to wait before trying again: the first pause, which doubles up to the longest. */
interface Curve {
  readonly firstMs: number
  readonly longestMs: number
}

// Half of each pause is jitter, so the shortest is half of the first.
const unreachable: Curve = { firstMs: 400, longestMs: 30_000 }
// Attesting a process costs the agent something, and a new entry takes its seconds to arrive.
const denied: Curve = { firstMs: 2_000, longestMs: 10_000 }
// Workload Endpoint §6: these are not retried. A source that has something to lose asks again all the same.
const refusedForGood: Curve = { firstMs: 120_000, longestMs: 600_000 }

const curves: Partial<Record<SpiffeErrorCode, Curve>> = {
  ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED: denied,
  ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT: refusedForGood,
  ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED: refusedForGood,
}

/** Whether the standard says not to try again after this (Workload Endpoint §6). */
export function isForGood(error: SpiffeError): boolean {
  return curves[error.code] === refusedForGood
}

/** Exponential backoff with jitter, so that the workloads of a machine do not come all at once. */
export class Backoff {
  readonly #random: () => number
  #failures = 0

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Starts over: an update was accepted. Nothing less shows that the other side is well. */
  reset(): void {
    this.#failures = 0
  }

  /** How long to wait after this failure, in milliseconds. */
  next(error: SpiffeError): number {
    const { firstMs, longestMs } = curves[error.code] ?? unreachable
    const pauseMs = Math.min(longestMs, firstMs * 2 ** this.#failures)
    this.#failures += 1
    return Math.ceil(pauseMs * (0.5 + 0.5 * this.#random()))
  }
}
