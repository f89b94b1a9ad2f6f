import { SpiffeError } from '../errors.ts'

/** The refusal of a SPIFFE ID, a trust domain, a path or a path template. */
export class SpiffeIDError extends SpiffeError {
  override readonly name: string = 'SpiffeIDError'
}
