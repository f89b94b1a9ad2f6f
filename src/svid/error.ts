import { SpiffeError } from '../errors.ts'

/** The refusal of an SVID, or the lack of one. */
export class SVIDError extends SpiffeError {
  /** The name of the class. */
  override readonly name = 'SVIDError'
}
