import { BundleError } from './error.ts'

/** An element of a document that was passed over: it grants no trust, and the others count without it. */
export interface SkippedElement {
  /** Where it stands: its index in `keys`, or the name of the member. */
  readonly at: number | string
  /** Why it does not count. */
  readonly error: BundleError
}

/** Reads one element, or notes why it is skipped: whatever is wrong with it must not cost the others. */
export function readOrSkip(at: number | string, skipped: SkippedElement[], read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
    skipped.push(Object.freeze({ at, error }))
  }
}
