/** A JSON number of seconds since 1970, fractions included (RFC 7519 §2); what overflows a double is none. */
export function isNumericDate(value: unknown): value is number {
  return Number.isFinite(value)
}

const LAST_DATE_MS = 8.64e15

/** The time as a date; where it lies beyond what a date can say, the first or the last. */
export function dateOf(seconds: number): Date {
  return new Date(Math.min(Math.max(seconds * 1000, -LAST_DATE_MS), LAST_DATE_MS))
}
