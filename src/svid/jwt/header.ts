import { printable } from '../../internal/printable.ts'
import { SVIDError } from '../error.ts'
import { isAlgorithm, type JWTSVIDAlgorithm } from './algorithms.ts'
import { parseTokenJSON } from './json.ts'

/** What the JOSE header of a JWT-SVID says. Nothing else in a header is ever acted on. */
export interface JWTSVIDHeader {
  /** The signature algorithm. */
  readonly alg: JWTSVIDAlgorithm
  /** Which authority of the bundle signed, where the issuer says so. */
  readonly kid: string | undefined
  /** The media type, where the issuer says so. */
  readonly typ: 'JWT' | 'JOSE' | undefined
}

/**
 * Reads the JOSE header of a JWT-SVID (JWT-SVID §2).
 *
 * Members beyond `alg`, `kid` and `typ` are ignored: the key comes out of the bundle, never out of `jwk`,
 * `jku`, `x5c` or `x5u`. Those that would change what the token means are refused.
 */
export function parseHeader(json: Uint8Array): JWTSVIDHeader {
  const { value } = parseTokenJSON('header', json, 'RFC 7515 §4')
  const { alg, kid, typ } = value

  // JWT-SVID §2.1 and §4: before anything else of the token is looked at.
  if (!isAlgorithm(alg)) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED',
      `the token is signed with ${typeof alg === 'string' ? printable(alg) : 'an alg that is no string'}`,
    )
  }
  // JWT-SVID §2.2: optional, and a string by RFC 7515 §4.1.4.
  if (kid !== undefined && typeof kid !== 'string') {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_MALFORMED', 'the kid of the token is no string', {
      rule: 'RFC 7515 §4.1.4',
    })
  }
  // JWT-SVID §2.3: optional, and exact.
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED',
      `the typ of the token is ${typeof typ === 'string' ? printable(typ) : 'no string'}`,
    )
  }
  // RFC 7515 §4.1.11 and RFC 7797 §6: no extension is understood here, and a b64 needs a crit.
  for (const name of ['crit', 'b64']) {
    if (Object.hasOwn(value, name)) {
      throw new SVIDError('ERR_SPIFFE_JWT_SVID_HEADER_CRITICAL', `the header of the token has ${name}`, {
        rule: name === 'crit' ? 'RFC 7515 §4.1.11' : 'RFC 7797 §6',
      })
    }
  }
  return Object.freeze({ alg, kid, typ })
}
