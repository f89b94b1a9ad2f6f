import { SpiffeError } from '../errors.ts'

/** The error of the test kit itself, as opposed to those that it makes others see. */
export class TestingError extends SpiffeError {
  override readonly name = 'TestingError'
}
