import { SpiffeError } from '../errors.ts'

/** The error of the test kit itself, as opposed to those that it makes others see. */
export class TestingError extends SpiffeError {
  /** The name of the class. */
  override readonly name = 'TestingError'
}

/** What a Workload API that is closed says to who still wants something of it. */
export function closedError(): TestingError {
  return new TestingError('ERR_SPIFFE_TESTING_CLOSED', 'this Workload API is closed')
}
