import { SpiffeError } from '../errors.ts'
import type { BundleError } from './error.ts'

/** Reads, and turns what the reader refuses with into a refusal that says what was read. */
export function refusing<T>(read: () => T, refusal: (cause: SpiffeError) => BundleError): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    throw refusal(error)
  }
}
