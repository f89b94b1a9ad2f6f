import type { SpiffeErrorCode, SpiffeErrorOptions } from '../../errors.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'

/** The refusal of a token that claims to be of this SPIFFE ID. */
export function refused(
  id: SpiffeID,
  code: SpiffeErrorCode,
  detail: string,
  options: Omit<SpiffeErrorOptions, 'spiffeID'> = {},
): SVIDError {
  return new SVIDError(code, detail, { ...options, spiffeID: id.uri })
}
