import { SpiffeError } from '../errors.ts'

/** The refusal of a peer or of a connection, or the lack of what a connection needs. */
export class TLSConfigError extends SpiffeError {
  /** The name of the class. */
  override readonly name = 'TLSConfigError'
}
