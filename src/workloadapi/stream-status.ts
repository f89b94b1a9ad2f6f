import type { WorkloadAPIError } from './error.ts'

/** How a stream has been doing since its newest accepted message. An immutable value. */
export interface StreamStatus {
  /** Whether it is open, and was heard of since it was opened. */
  readonly connected: boolean
  /** When the newest message was accepted. */
  readonly updatedAt: Date | undefined
  /** What that message had to leave out. */
  readonly skipped: readonly WorkloadAPIError[]
  /** The newest failure since then. */
  readonly lastError: WorkloadAPIError | undefined
  /** How many failures there were since then. */
  readonly failures: number
  /** When it will be opened again, while it is not open. */
  readonly retryAt: Date | undefined
}

/** Before anything was heard. */
export const unheard: StreamStatus = {
  connected: false,
  updatedAt: undefined,
  skipped: [],
  lastError: undefined,
  failures: 0,
  retryAt: undefined,
}

/** After a message that was accepted, all but what it had to leave out. */
export function afterMessage(updatedAt: Date, skipped: readonly WorkloadAPIError[]): StreamStatus {
  return { ...unheard, connected: true, updatedAt, skipped }
}

/** After a message that was refused: the stream lives on. */
export function afterRefusal(status: StreamStatus, error: WorkloadAPIError): StreamStatus {
  return { ...afterFailure(status, error), connected: true, retryAt: undefined }
}

/** After its end, by an error or as streams do. */
export function afterEnd(
  status: StreamStatus,
  error: WorkloadAPIError | undefined,
  retryAt: Date | undefined,
): StreamStatus {
  return { ...(error ? afterFailure(status, error) : status), connected: false, retryAt }
}

function afterFailure(status: StreamStatus, error: WorkloadAPIError): StreamStatus {
  return { ...status, lastError: error, failures: status.failures + 1 }
}
