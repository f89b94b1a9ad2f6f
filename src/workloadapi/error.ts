import { SpiffeError } from '../errors.ts'

/** What went wrong between this process and its Workload API. */
export class WorkloadAPIError extends SpiffeError {
  /** The name of the class. */
  override readonly name = 'WorkloadAPIError'
}

/** The error itself where it is one of ours. Whatever else was thrown is a failure whose cause it is. */
export function asWorkloadAPIError(error: unknown, detail: string): WorkloadAPIError {
  if (error instanceof WorkloadAPIError) return error
  return new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_FAILED', detail, { cause: error })
}
