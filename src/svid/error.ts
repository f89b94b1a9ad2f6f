import { SpiffeError } from '../errors.ts'

/** The refusal of an SVID, or the lack of one. */
export class SVIDError extends SpiffeError {
  override readonly name = 'SVIDError'
}
