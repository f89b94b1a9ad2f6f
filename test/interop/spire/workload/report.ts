import type { Failure, WorkloadEvent } from './protocol.ts'

export const report = (event: WorkloadEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

/** A failure with what led to it, each by its code or, where it has none, by its name. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const { message, cause } = error
  return { code, message, ...(cause !== undefined && { cause: failureOf(cause) }) }
}
