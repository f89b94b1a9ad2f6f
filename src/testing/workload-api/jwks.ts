import type { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { detachedKey } from '../../internal/detached-key.ts'

/** The authorities as SPIRE sends them: a plain JWK Set, its keys with `kid` and without `use` or `alg`. */
export function jwksOf(bundle: JWTBundle): Uint8Array {
  const keys = [...bundle.jwtAuthorities].map(([kid, key]) => ({
    ...detachedKey(key).export({ format: 'jwk' }),
    kid,
  }))
  return Buffer.from(JSON.stringify({ keys }, undefined, 4))
}
