import { type JSONObjectText, parseJSONObject } from '../../internal/json.ts'
import { printable } from '../../internal/printable.ts'
import { SVIDError } from '../error.ts'

const DEEPEST_NESTING = 32

/**
 * Reads a part of a token as a JSON object whose members have a name each of their own.
 *
 * RFC 7515 §4 and RFC 7519 §4 let a parser take the last of two; who reads the first would then see another
 * token. Its size is bounded already.
 */
export function parseTokenJSON(part: string, json: Uint8Array, rule: string): JSONObjectText {
  const object = parse(part, json)
  if (object.duplicate !== undefined) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_MALFORMED',
      `the ${part} of the token has ${printable(object.duplicate)} twice`,
      { rule },
    )
  }
  return object
}

function parse(part: string, json: Uint8Array): JSONObjectText {
  try {
    return parseJSONObject(json, { maxBytes: json.length, maxDepth: DEEPEST_NESTING })
  } catch (cause) {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_MALFORMED', `the ${part} of the token is not a JSON object`, {
      rule: 'RFC 7519 §7.2',
      cause,
    })
  }
}
