import type { Clock } from '../workloadapi/clock.ts'

interface Appointment {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * A clock that stands still until a test moves it.
 *
 * Give it to whatever takes a `clock` option, then say how much time passes: everything that was scheduled
 * for that time runs, in its order, before `advance` returns. Nothing here waits.
 *
 * @example
 * Let an hour pass
 * ```ts
 * import { ManualClock } from 'js-spiffe/testing'
 *
 * const clock = new ManualClock(new Date('2030-01-01T00:00:00Z'))
 * clock.schedule(() => console.log(clock.now().toISOString()), 60_000) // 2030-01-01T00:01:00.000Z
 * clock.advance(3_600_000)
 * ```
 */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #appointments = new Set<Appointment>()

  /**
   * @param start - The time it shows first. @default the time of the machine
   * @throws `TypeError` when that is not a valid `Date`.
   */
  constructor(start: Date = new Date()) {
    if (!(start instanceof Date) || Number.isNaN(start.getTime())) {
      throw new TypeError('a clock starts at a valid Date')
    }
    this.#nowMs = start.getTime()
  }

  /** The time it shows. */
  now(): Date {
    return new Date(this.#nowMs)
  }

  /** How many callbacks are waiting for their time. */
  get pending(): number {
    return this.#appointments.size
  }

  /** How long it is until the next callback is due, in milliseconds; `undefined` where none is waiting. */
  get nextDueMs(): number | undefined {
    const next = this.#next()
    return next && next.dueMs - this.#nowMs
  }

  /**
   * Calls back once, when the clock was advanced by the delay.
   *
   * @param callback - What to call.
   * @param delayMs - How far away it is, in milliseconds; less than 0 counts as 0.
   * @returns A function that takes the call back.
   */
  schedule(callback: () => void, delayMs: number): () => void {
    if (Number.isNaN(delayMs)) throw new TypeError('a delay is a number of milliseconds')
    const appointment = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#appointments.add(appointment)
    return () => {
      this.#appointments.delete(appointment)
    }
  }

  /**
   * Lets time pass. Callbacks see the time they were due at; those that they schedule run too, where they
   * fall into the same span.
   *
   * @param ms - How much, in milliseconds. Zero runs what is due now.
   * @throws `TypeError` when that is not a finite number that is 0 or more.
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new TypeError('time passes by a finite number of milliseconds')
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(); next && next.dueMs <= untilMs; next = this.#next()) {
      this.#appointments.delete(next)
      this.#nowMs = next.dueMs
      next.callback()
    }
    this.#nowMs = untilMs
  }

  // The earliest one; of several at the same time the one that was scheduled first.
  #next(): Appointment | undefined {
    let earliest: Appointment | undefined
    for (const appointment of this.#appointments) {
      if (earliest === undefined || appointment.dueMs < earliest.dueMs) earliest = appointment
    }
    return earliest
  }
}
