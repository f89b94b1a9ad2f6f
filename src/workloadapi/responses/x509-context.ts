import { X509Bundle } from '../../bundle/x509/x509-bundle.ts'
import { X509BundleSet } from '../../bundle/x509/x509-bundle-set.ts'
import { printable } from '../../internal/printable.ts'
import type { X509Context } from '../../svid/source.ts'
import { verify } from '../../svid/x509/verify.ts'
import { X509SVID } from '../../svid/x509/x509-svid.ts'
import { WorkloadAPIError } from '../error.ts'
import type { Content, X509SVIDMessage, X509SVIDResponse } from '../wire/workload-api.ts'
import { bundleConflict, type OnRefused, readBundles } from './bundles.ts'
import { firstOfEachHint, hintOf, mandatory, orRefuse } from './fields.ts'

interface Identity {
  readonly svid: X509SVID
  readonly bundle: X509Bundle
}

/**
 * Reads a message of FetchX509SVID: the identities of this workload and the trust that belongs to them.
 *
 * It is taken as a whole or not at all, but for a federated bundle, which costs its trust domain alone.
 *
 * @param onRefused - Told about federated bundles that cannot be used.
 * @see Workload API §5.2.1, FetchX509SVID
 */
export function readX509Context(
  response: Content<typeof X509SVIDResponse>,
  onRefused: OnRefused,
  now: Date,
): X509Context {
  const identities = firstOfEachHint(mandatory(response.svids, 'svids')).map((message) =>
    readIdentity(message, now),
  )
  const ours = onePerTrustDomain(identities)
  const federated = readBundles(
    response.federatedBundles,
    (trustDomain, der) => X509Bundle.parseRaw(trustDomain, der),
    onRefused,
    new Set(ours.keys()),
  )
  const svids = Object.freeze(identities.map(({ svid }) => svid))
  // The default identity is the first (Workload API §8); there is one, for `svids` was not empty.
  const svid = svids[0] as X509SVID
  return Object.freeze({ svid, svids, bundles: X509BundleSet.from([...ours.values(), ...federated]) })
}

function readIdentity(message: Content<typeof X509SVIDMessage>, now: Date): Identity {
  const spiffeID = mandatory(message.spiffeID, 'svids.spiffe_id')
  const certificates = mandatory(message.x509SVID, 'svids.x509_svid')
  const key = mandatory(message.x509SVIDKey, 'svids.x509_svid_key')
  const authorities = mandatory(message.bundle, 'svids.bundle')
  const who = `the X509-SVID of ${printable(spiffeID)}`

  const svid = orRefuse('ERR_SPIFFE_WORKLOAD_API_SVID_INVALID', `${who} cannot be used`, () =>
    X509SVID.parseRaw(certificates, key, { hint: hintOf(message) }),
  )
  if (svid.id.uri !== spiffeID) {
    throw new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_ID_MISMATCH', `${who} is one of ${svid.id}`)
  }
  if (svid.expiresAt <= now) {
    const expiry = svid.expiresAt.toISOString()
    throw new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_SVID_EXPIRED',
      `${who} came when it had expired, at ${expiry}`,
    )
  }
  const bundle = orRefuse(
    'ERR_SPIFFE_WORKLOAD_API_BUNDLE_INVALID',
    `the bundle with ${who} cannot be used`,
    () => X509Bundle.parseRaw(svid.id.trustDomain, authorities),
  )
  // One that is not valid yet is taken: whether clocks differ by too much is for the peer to judge.
  const judgedAt = svid.notBefore > now ? svid.notBefore : now
  orRefuse('ERR_SPIFFE_WORKLOAD_API_SVID_UNTRUSTED', `${who} does not chain to the bundle it came with`, () =>
    verify(svid.rawCertificates, bundle, { now: judgedAt }),
  )
  return { svid, bundle }
}

/** The bundles of our own trust domains: identities of one trust domain come with one bundle. */
function onePerTrustDomain(identities: readonly Identity[]): ReadonlyMap<string, X509Bundle> {
  const bundles = new Map<string, X509Bundle>()
  for (const { bundle } of identities) {
    const { name, id } = bundle.trustDomain
    const other = bundles.get(name)
    if (other !== undefined && !other.equals(bundle))
      throw bundleConflict(id, 'came with two different bundles')
    bundles.set(name, bundle)
  }
  return bundles
}
