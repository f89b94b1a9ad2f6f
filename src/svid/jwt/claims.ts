import type { JSONRecord } from '../../internal/json.ts'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'
import { parseTokenJSON } from './json.ts'
import { isNumericDate } from './numeric-date.ts'
import { refused } from './refused.ts'

/** The claims of a JWT-SVID: those that are acted on in their own types, and all as JSON. */
export interface Claims {
  readonly id: SpiffeID
  readonly audience: readonly string[]
  readonly expiresAtSeconds: number
  readonly notBeforeSeconds: number | undefined
  readonly issuedAtSeconds: number | undefined
  readonly json: JSONRecord
  readonly text: string
}

const MOST_AUDIENCES = 32

/** Reads the claims of a JWT-SVID (JWT-SVID §3). What they mean now, and for whom, is not judged here. */
export function parseClaims(payload: Uint8Array): Claims {
  const { value, text } = parseTokenJSON('payload', payload, 'RFC 7519 §4')
  const { sub, aud, exp, nbf, iat } = value
  const id = subjectOf(sub)
  return {
    id,
    audience: audienceOf(aud, id),
    expiresAtSeconds: expiryOf(exp, id),
    notBeforeSeconds: timeOf('nbf', nbf, 'RFC 7519 §4.1.5', id),
    issuedAtSeconds: timeOf('iat', iat, 'RFC 7519 §4.1.6', id),
    json: value,
    text,
  }
}

/** JWT-SVID §3.1: `sub` is there and is a SPIFFE ID. */
function subjectOf(sub: unknown): SpiffeID {
  if (typeof sub !== 'string') {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID', 'the token has no sub that is a string')
  }
  try {
    return SpiffeID.parse(sub)
  } catch (cause) {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID', 'the sub of the token is no SPIFFE ID', {
      cause,
    })
  }
}

/** JWT-SVID §3.2 and RFC 7519 §4.1.3: `aud` is there, a string or an array of strings with one at least. */
function audienceOf(aud: unknown, id: SpiffeID): readonly string[] {
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (audience.length > MOST_AUDIENCES) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_TOO_LARGE',
      `the token of ${id} is for more than ${MOST_AUDIENCES} audiences`,
      { rule: `own limit: ${MOST_AUDIENCES} audiences` },
    )
  }
  if (audience.length === 0 || !isStrings(audience)) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID',
      `the token of ${id} does not say whom it is for`,
    )
  }
  return audience
}

function isStrings(values: readonly unknown[]): values is readonly string[] {
  for (const value of values) if (typeof value !== 'string') return false
  return true
}

/** JWT-SVID §3.3: `exp` is there and is a NumericDate. */
function expiryOf(exp: unknown, id: SpiffeID): number {
  if (isNumericDate(exp)) return exp
  throw refused(
    id,
    'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID',
    exp === undefined
      ? `the token of ${id} does not say when it expires`
      : `the exp of the token of ${id} is no time`,
  )
}

/** An optional time: a NumericDate where it is there. */
function timeOf(name: string, value: unknown, rule: string, id: SpiffeID): number | undefined {
  if (value === undefined || isNumericDate(value)) return value
  throw refused(id, 'ERR_SPIFFE_JWT_SVID_TIME_INVALID', `the ${name} of the token of ${id} is no time`, {
    rule,
  })
}
