import { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import { X509BundleSet } from '../../bundle/x509/x509-bundle-set.ts'
import type { Content, X509BundlesResponse } from '../wire/workload-api.ts'
import { type OnRefused, readBundles } from './bundles.ts'
import { mandatory } from './fields.ts'

/**
 * Reads a message of FetchX509Bundles.
 *
 * @param onRefused - Told about bundles that cannot be used.
 * @see Workload API §5.2.2, FetchX509Bundles
 */
export function readX509Bundles(
  response: Content<typeof X509BundlesResponse>,
  onRefused: OnRefused,
): X509BundleSet {
  mandatory([...response.bundles.keys()], 'bundles')
  return X509BundleSet.from(
    readBundles(response.bundles, (trustDomain, der) => X509Bundle.parseRaw(trustDomain, der), onRefused),
  )
}
