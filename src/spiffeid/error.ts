import { SpiffeError } from '../errors.ts'

/** The refusal of a SPIFFE ID, a trust domain, a path or a path template. */
export class SpiffeIDError extends SpiffeError {
  /** The name of the class. */
  override readonly name = 'SpiffeIDError'
}

/** Turns a refusal into `undefined` and lets everything else through. */
export function undefinedIfRefused<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SpiffeIDError) return undefined
    throw error
  }
}
