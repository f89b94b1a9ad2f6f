import { JWTBundle } from '../../bundle/jwt/jwt-bundle.ts'
import { JWTBundleSet } from '../../bundle/jwt/jwt-bundle-set.ts'
import type { Content, JWTBundlesResponse } from '../wire/workload-api.ts'
import { type OnRefused, readBundles } from './bundles.ts'
import { mandatory } from './fields.ts'

/**
 * Reads a message of FetchJWTBundles.
 *
 * @param onRefused - Told about bundles that cannot be used.
 * @see Workload API §6.2.2, FetchJWTBundles
 */
export function readJWTBundles(
  response: Content<typeof JWTBundlesResponse>,
  onRefused: OnRefused,
): JWTBundleSet {
  mandatory([...response.bundles.keys()], 'bundles')
  return JWTBundleSet.from(
    readBundles(response.bundles, (trustDomain, jwks) => JWTBundle.parse(trustDomain, jwks), onRefused),
  )
}
