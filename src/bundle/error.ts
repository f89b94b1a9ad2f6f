import { SpiffeError } from '../errors.ts'

/** A bundle, or one element of it, that could not be taken. */
export class BundleError extends SpiffeError {
  /** The name of the class. */
  override readonly name: string = 'BundleError'
}
