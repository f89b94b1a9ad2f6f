import type { KeyObject } from 'node:crypto'
import type { JWTAuthority } from '../../bundle/jwt/jwt-authority.ts'
import { type JWTBundle, jwtAuthoritiesOf } from '../../bundle/jwt/jwt-bundle.ts'
import { printable } from '../../internal/printable.ts'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { SVIDError } from '../error.ts'
import { algorithms } from './algorithms.ts'
import type { JWTSVIDHeader } from './header.ts'

const MOST_KEYS_TRIED = 16

/**
 * The keys of a bundle that may have signed a token: the one that its `kid` names, or without a `kid`, which
 * JWT-SVID §2.2 allows, all that fit its algorithm. A `kid` that is not there never falls back to others.
 */
export function selectKeys(header: JWTSVIDHeader, bundle: JWTBundle, id: SpiffeID): readonly KeyObject[] {
  const authorities = jwtAuthoritiesOf(bundle)
  if (authorities.size === 0) {
    throw new SVIDError('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY', `${id.trustDomain} has no JWT authorities`, {
      spiffeID: id.uri,
    })
  }
  return header.kid === undefined
    ? fittingKeys(header, authorities, id)
    : [namedKey(header.kid, header, authorities, id)]
}

function namedKey(
  kid: string,
  header: JWTSVIDHeader,
  authorities: ReadonlyMap<string, JWTAuthority>,
  id: SpiffeID,
): KeyObject {
  const authority = authorities.get(kid)
  if (authority === undefined) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
      `${id.trustDomain} has no JWT authority ${printable(kid)}`,
      { spiffeID: id.uri },
    )
  }
  if (!fits(authority, header)) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE',
      `the JWT authority ${printable(kid)} of ${id.trustDomain} does not sign ${header.alg}`,
      { spiffeID: id.uri },
    )
  }
  return authority.key
}

function fittingKeys(
  header: JWTSVIDHeader,
  authorities: ReadonlyMap<string, JWTAuthority>,
  id: SpiffeID,
): readonly KeyObject[] {
  const fitting = [...authorities.values()].filter((authority) => fits(authority, header))
  if (fitting.length === 0 || fitting.length > MOST_KEYS_TRIED) {
    throw new SVIDError(
      'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
      `the token of ${id} has no kid, and ${fitting.length} JWT authorities sign ${header.alg}: from 1 to ${MOST_KEYS_TRIED} are tried`,
      { spiffeID: id.uri, rule: 'JWT-SVID §2.2' },
    )
  }
  return fitting.map(({ key }) => key)
}

/** RFC 7518 §3.1: each algorithm has its kind of key. RFC 7517 §4.4: a key may be bound to one algorithm. */
function fits({ kind, alg }: JWTAuthority, header: JWTSVIDHeader): boolean {
  return kind === algorithms[header.alg].kind && (alg === undefined || alg === header.alg)
}
