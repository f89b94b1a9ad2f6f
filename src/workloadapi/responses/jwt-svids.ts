import { printable } from '../../internal/printable.ts'
import type { JWTSVID } from '../../svid/jwt/jwt-svid.ts'
import { parseInsecure } from '../../svid/jwt/parse-insecure.ts'
import { WorkloadAPIError } from '../error.ts'
import type { JWTSVIDQuery } from '../jwt-svid-query.ts'
import type {
  Content,
  JWTSVIDMessage,
  JWTSVIDResponse,
  ValidateJWTSVIDResponse,
} from '../wire/workload-api.ts'
import { firstOfEachHint, hintOf, mandatory, orRefuse } from './fields.ts'

/**
 * Reads the answer of FetchJWTSVID. Each token must be what was asked for, and fit to be used now; its
 * signature is for those to check who receive it.
 *
 * @see Workload API §6.2.1, FetchJWTSVID
 */
export function readJWTSVIDs(
  response: Content<typeof JWTSVIDResponse>,
  query: JWTSVIDQuery,
  now: Date,
): readonly JWTSVID[] {
  return firstOfEachHint(mandatory(response.svids, 'svids')).map((message) => readToken(message, query, now))
}

function readToken(
  message: Content<typeof JWTSVIDMessage>,
  { audience, subject }: JWTSVIDQuery,
  now: Date,
): JWTSVID {
  const spiffeID = mandatory(message.spiffeID, 'svids.spiffe_id')
  const token = mandatory(message.svid, 'svids.svid')
  const who = `the JWT-SVID of ${printable(spiffeID)}`

  const svid = orRefuse('ERR_SPIFFE_WORKLOAD_API_JWT_SVID_INVALID', `${who} cannot be used`, () =>
    parseInsecure(token, audience, { audienceMatch: 'all', now, hint: hintOf(message) }),
  )
  assertID(svid, spiffeID, who)
  if (subject !== undefined && !svid.id.equals(subject)) {
    throw new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH',
      `${who} came where one of ${subject} was asked for`,
    )
  }
  // Leeway is for what others present, not for what we are about to.
  if (svid.expiresAt <= now) {
    throw new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_JWT_SVID_INVALID', `${who} came when it had expired`)
  }
  return svid
}

/**
 * Reads the answer of ValidateJWTSVID. The Workload API has checked the token; what it says of it must be what
 * the token says.
 *
 * @see Workload API §6.2.3, ValidateJWTSVID
 */
export function readValidatedJWTSVID(
  response: Content<typeof ValidateJWTSVIDResponse>,
  token: string,
  audience: string,
  now: Date,
): JWTSVID {
  const spiffeID = mandatory(response.spiffeID, 'spiffe_id')
  mandatory(Object.keys(response.claims), 'claims')
  const svid = parseInsecure(token, audience, { now })
  assertID(svid, spiffeID, 'the JWT-SVID that was validated')
  return svid
}

function assertID(svid: JWTSVID, spiffeID: string, who: string): void {
  if (svid.id.uri !== spiffeID) {
    throw new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH', `${who} is one of ${svid.id}`)
  }
}
