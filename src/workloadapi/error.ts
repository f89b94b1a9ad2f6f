import { SpiffeError } from '../errors.ts'

/** What went wrong between this process and its Workload API. */
export class WorkloadAPIError extends SpiffeError {
  override readonly name = 'WorkloadAPIError'
}
