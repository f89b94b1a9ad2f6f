import { SpiffeError } from '../errors.ts'

/** A bundle, or one element of it, that could not be taken. */
export class BundleError extends SpiffeError {
  override readonly name: string = 'BundleError'
}
