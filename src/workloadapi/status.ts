import { type ServiceError, status } from '@grpc/grpc-js'
import type { SpiffeErrorCode } from '../errors.ts'
import { printable } from '../internal/printable.ts'
import { asWorkloadAPIError, WorkloadAPIError } from './error.ts'
import { calls } from './wire/workload-api.ts'

interface Translation {
  readonly code: SpiffeErrorCode
  readonly what: string
}

// Workload Endpoint §6 and Workload API §1.8; statuses that neither names are failures of the agent.
const translations: ReadonlyMap<status, Translation> = new Map([
  [
    status.PERMISSION_DENIED,
    { code: 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED', what: 'has no identity for this process' },
  ],
  [
    status.INVALID_ARGUMENT,
    { code: 'ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT', what: 'takes the request for invalid' },
  ],
  [status.UNIMPLEMENTED, { code: 'ERR_SPIFFE_WORKLOAD_API_UNIMPLEMENTED', what: 'does not know this call' }],
  [status.RESOURCE_EXHAUSTED, { code: 'ERR_SPIFFE_WORKLOAD_API_EXHAUSTED', what: 'met a limit' }],
  [status.UNAVAILABLE, { code: 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE', what: 'cannot be reached' }],
  // Not by us: our own cancellations throw the reason of their signal. An agent that goes down ends calls so.
  [status.CANCELLED, { code: 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE', what: 'ended the call' }],
])

const failed: Translation = { code: 'ERR_SPIFFE_WORKLOAD_API_FAILED', what: 'failed' }

// The base64url of what a JOSE header begins with and what may follow, or any three parts that long.
const TOKEN = /\bey[\w-]{8,}(?:\.[\w-]+)*|(?<![\w-])[\w-]{16,}(?:\.[\w-]{16,}){2}/g
// What gRPC for Node puts around the one thing that it has to say of a connection.
const CONNECTION_NOISE = /^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note: $/
const CONNECT_ERROR = /\bconnect (E[A-Z]+)\b/

/**
 * What the end of a call means: the one place that knows gRPC's statuses.
 *
 * @param error - What gRPC gave, or whatever else was thrown on the way.
 * @param address - Where the call went.
 * @param path - Which call it was.
 */
export function statusError(error: unknown, address: string, path: string): WorkloadAPIError {
  if (!isServiceError(error)) return asWorkloadAPIError(error, `the call to ${address} failed`)
  const redacted = error.details.replace(TOKEN, '[token]')
  // A cause is shown with all that it holds: one that quotes a token is not kept.
  const cause = redacted === error.details ? { cause: error } : {}

  const { code, what } = translate(error, path)
  return new WorkloadAPIError(
    code,
    `the Workload API at ${address} ${what}: ${printable(redacted.replace(CONNECTION_NOISE, '$1'))}`,
    cause,
  )
}

function translate(error: ServiceError, path: string): Translation {
  if (error.code === status.UNAVAILABLE) {
    const reason = CONNECT_ERROR.exec(error.details)?.[1]
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      return { code: 'ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING', what: 'is not there' }
    }
    if (reason === 'EACCES' || reason === 'EPERM') {
      return { code: 'ERR_SPIFFE_WORKLOAD_API_SOCKET_FORBIDDEN', what: 'is closed to this process' }
    }
  }
  // SPIRE says with this status that a token is not valid; the request itself is ours and well formed.
  if (error.code === status.INVALID_ARGUMENT && path === calls.validateJWTSVID.path) {
    return { code: 'ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED', what: 'does not accept the token' }
  }
  return translations.get(error.code) ?? failed
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && typeof error.details === 'string' && 'code' in error
}
