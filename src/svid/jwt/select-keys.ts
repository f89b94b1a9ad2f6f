import type { KeyObject } from 'node:crypto'
import type { JWTAuthority } from '../../bundle/jwt/jwt-authority.ts'
import { type JWTBundle, jwtAuthoritiesOf } from '../../bundle/jwt/jwt-bundle.ts'
import { printable } from '../../internal/printable.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import type { SVIDError } from '../error.ts'
import { algorithms } from './algorithms.ts'
import type { JWTSVIDHeader } from './header.ts'
import { refused } from './refused.ts'

const MOST_KEYS_TRIED = 16

/**
 * The keys of a bundle that may have signed a token: the one that its `kid` names, or without a `kid`, which
 * JWT-SVID §2.2 allows, all that fit its algorithm. A `kid` that is not there never falls back to others.
 *
 * That an authority is of its kind, and strong enough, was checked when it became one.
 */
export function selectKeys(header: JWTSVIDHeader, bundle: JWTBundle, id: SpiffeID): readonly KeyObject[] {
  return header.kid === undefined
    ? fittingKeys(header, bundle, id)
    : [namedKey(header.kid, header, bundle, id)]
}

function namedKey(kid: string, header: JWTSVIDHeader, bundle: JWTBundle, id: SpiffeID): KeyObject {
  const authority = jwtAuthoritiesOf(bundle).get(kid)
  if (authority === undefined) {
    throw keyNotFound(bundle, id, `${id.trustDomain} has no JWT authority ${printable(kid)}`)
  }
  if (!fits(authority, header)) {
    throw refused(
      id,
      'ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE',
      `the JWT authority ${printable(kid)} of ${id.trustDomain} does not sign ${header.alg}`,
    )
  }
  return authority.key
}

function fittingKeys(header: JWTSVIDHeader, bundle: JWTBundle, id: SpiffeID): readonly KeyObject[] {
  const keys: KeyObject[] = []
  for (const authority of jwtAuthoritiesOf(bundle).ofKind(algorithms[header.alg].kind)) {
    if (fits(authority, header)) keys.push(authority.key)
    if (keys.length > MOST_KEYS_TRIED) {
      throw refused(
        id,
        'ERR_SPIFFE_JWT_SVID_KEY_AMBIGUOUS',
        `the token of ${id} has no kid, and more than ${MOST_KEYS_TRIED} keys could have signed it`,
      )
    }
  }
  if (keys.length === 0) {
    throw keyNotFound(bundle, id, `${id.trustDomain} has no JWT authority that signs ${header.alg}`)
  }
  return keys
}

/** RFC 7518 §3.1: an algorithm has its kind of key. RFC 7517 §4.4: a key may be bound to one algorithm. */
function fits({ kind, alg }: JWTAuthority, header: JWTSVIDHeader): boolean {
  return kind === algorithms[header.alg].kind && (alg === undefined || alg === header.alg)
}

/** JWT-SVID §6.2: a trust domain without any JWT authority does not do JWT-SVIDs, which is another matter. */
function keyNotFound(bundle: JWTBundle, id: SpiffeID, detail: string): SVIDError {
  return bundle.isEmpty
    ? refused(id, 'ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY', `${id.trustDomain} has no JWT authorities`)
    : refused(id, 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND', detail)
}
