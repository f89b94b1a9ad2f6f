import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { X509Context } from '../svid/source.ts'
import { type WatchOptions, WorkloadAPIClient, type WorkloadAPIClientOptions } from './client.ts'
import { LiveIterator } from './live-iterator.ts'

/**
 * Watches the identities of this workload and the trust that belongs to them, with a client that is closed when the
 * loop ends, however it does: by `break`, by a throw, by the signal or by an error. Most services want
 * {@link X509Source}.
 *
 * @param options - Where the Workload API listens, and what ends the watch.
 * @returns An iteration that begins with what is true now. Nothing is opened before its first step, which is also
 * where it throws.
 * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…` when the address is none or is missing,
 * `ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT` and `…_UNIMPLEMENTED`, which cannot get better. Everything else is
 * reported to `onError` and tried again.
 * @throws `TypeError` when an option is wrong, and the reason of the signal when it aborts.
 * @see {@link WorkloadAPIClient.watchX509Context}
 * @example
 * ```ts
 * import { watchX509Context } from 'js-spiffe/workloadapi'
 *
 * for await (const { svid } of watchX509Context({ onError: console.warn })) {
 *   console.log(`${svid.id}, until ${svid.expiresAt.toISOString()}`)
 *   break
 * }
 * ```
 */
export function watchX509Context(
  options: WorkloadAPIClientOptions & WatchOptions = {},
): AsyncIterableIterator<X509Context> {
  return watchAlone(options, (client, watch) => client.watchX509Context(watch))
}

/**
 * Watches the X.509 authorities of all trust domains that this workload may trust.
 *
 * @param options - As for {@link watchX509Context}.
 * @returns An iteration as that of {@link watchX509Context}.
 * @throws as {@link watchX509Context}.
 * @example
 * ```ts
 * import { watchX509Bundles } from 'js-spiffe/workloadapi'
 *
 * for await (const bundles of watchX509Bundles()) {
 *   console.log(bundles.get('acme.internal')?.marshal())
 *   break
 * }
 * ```
 */
export function watchX509Bundles(
  options: WorkloadAPIClientOptions & WatchOptions = {},
): AsyncIterableIterator<X509BundleSet> {
  return watchAlone(options, (client, watch) => client.watchX509Bundles(watch))
}

/**
 * Watches the JWT authorities of all trust domains that this workload may trust.
 *
 * @param options - As for {@link watchX509Context}.
 * @returns An iteration as that of {@link watchX509Context}.
 * @throws as {@link watchX509Context}.
 * @example
 * ```ts
 * import { watchJWTBundles } from 'js-spiffe/workloadapi'
 *
 * for await (const bundles of watchJWTBundles()) {
 *   console.log(bundles.get('acme.internal')?.marshal())
 *   break
 * }
 * ```
 */
export function watchJWTBundles(
  options: WorkloadAPIClientOptions & WatchOptions = {},
): AsyncIterableIterator<JWTBundleSet> {
  return watchAlone(options, (client, watch) => client.watchJWTBundles(watch))
}

/** Watches with a client that lives as long as the iteration. */
function watchAlone<T>(
  options: WorkloadAPIClientOptions & WatchOptions,
  watch: (client: WorkloadAPIClient, options: WatchOptions) => AsyncIterable<T>,
): AsyncIterableIterator<T> {
  const { signal, persistent = true } = options
  return new LiveIterator({
    async *start(attempt) {
      const client = WorkloadAPIClient.create(options)
      try {
        yield* watch(client, { ...options, signal: attempt })
      } finally {
        await client.close()
      }
    },
    signal,
    persistent,
  })
}
