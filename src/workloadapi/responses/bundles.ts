import { printable } from '../../internal/printable.ts'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import { WorkloadAPIError } from '../error.ts'

/** Told about what is refused in a message that is taken all the same. */
export type OnRefused = (error: WorkloadAPIError) => void

type Entries = ReadonlyMap<string, Uint8Array>

/**
 * Reads bundles, each under the ID of its trust domain.
 *
 * One that cannot be used costs its trust domain and nothing else: that trust domain is not trusted, and it is
 * reported. No bytes at all are a bundle, which trusts nothing.
 *
 * @param parse - Reads one of them.
 * @param ours - The trust domains that the rest of the message speaks for: nobody federates with himself.
 */
export function readBundles<B>(
  entries: Entries,
  parse: (trustDomain: TrustDomain, bytes: Uint8Array) => B,
  onRefused: OnRefused,
  ours: ReadonlySet<string> = new Set(),
): readonly B[] {
  const bundles: B[] = []
  for (const [key, bytes] of entries) {
    try {
      bundles.push(parse(trustDomainOf(key, entries, ours), bytes))
    } catch (cause) {
      const detail = `the bundle of ${printable(key)} cannot be used`
      onRefused(new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_BUNDLE_SKIPPED', detail, { cause }))
    }
  }
  return bundles
}

/** The trust domain of a key: the standard says its ID, and its bare name is understood, too. */
function trustDomainOf(key: string, entries: Entries, ours: ReadonlySet<string>): TrustDomain {
  const isBareName = !key.includes(':/')
  const id = isBareName ? TrustDomain.parse(key).id : SpiffeID.parse(key)
  if (id.path !== '') throw bundleConflict(id, 'is a workload and no trust domain')
  if (isBareName && entries.has(id.uri)) throw bundleConflict(id, 'has another bundle in the same message')
  if (ours.has(id.trustDomain.name))
    throw bundleConflict(id, 'is our own trust domain, whose bundle came with the SVID')
  return id.trustDomain
}

/** A bundle that says something else than the rest of its message. */
export function bundleConflict(id: SpiffeID, what: string): WorkloadAPIError {
  return new WorkloadAPIError('ERR_SPIFFE_WORKLOAD_API_BUNDLE_CONFLICT', `${id} ${what}`, {
    spiffeID: id.uri,
  })
}
