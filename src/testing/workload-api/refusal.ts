import { status } from '@grpc/grpc-js'

/** An answer that is a status, and no message. */
export class Refusal extends Error {
  /** The name of the class. */
  override readonly name = 'Refusal'
  readonly code: status
  readonly details: string

  constructor(code: status, details: string) {
    super(details)
    this.code = code
    this.details = details
  }
}

/** What is asked is not what may be asked. */
export function invalid(why: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, why)
}

/** The status that a call ends with. What is no refusal is a mistake of ours, and says so. */
export function statusOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(status.INTERNAL, String(error))
}
