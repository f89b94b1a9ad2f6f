import { SpiffeError } from '../../src/errors.ts'

/** The refusal of an encoding, or `undefined` where it is taken. Anything else that is thrown is an error. */
export function malformedOf(action: () => unknown): SpiffeError | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'ERR_SPIFFE_DER_MALFORMED') return error
    throw error
  }
}
