import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { JWTSVID } from '../svid/jwt/jwt-svid.ts'
import type { JWTSVIDParams, X509Context } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import type { CallOptions } from './calls.ts'
import { type FetchOptions, WorkloadAPIClient, type WorkloadAPIClientOptions } from './client.ts'

/**
 * Fetches the identities of this workload and the trust that belongs to them, once, with a client that is closed
 * afterwards. A service that goes on wants {@link X509Source}, which keeps them up to date.
 *
 * @param options - Where the Workload API listens, and how long to wait: 30 seconds by default.
 * @returns What is true now.
 * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…` when the address is none or is missing,
 * `ERR_SPIFFE_WORKLOAD_API_…` when there is no identity, or it cannot be used.
 * @throws `TypeError` when an option is wrong, and the reason of the signal when it aborts.
 * @see {@link WorkloadAPIClient.fetchX509Context}
 * @example
 * ```ts
 * import { fetchX509Context } from 'js-spiffe/workloadapi'
 *
 * const { svid, bundles } = await fetchX509Context({ timeoutMs: 5_000 })
 * console.log(`${svid.id} trusts ${bundles.size} trust domains`)
 * ```
 */
export function fetchX509Context(
  options: WorkloadAPIClientOptions & FetchOptions = {},
): Promise<X509Context> {
  return askOnce(options, (client) => client.fetchX509Context(options))
}

/**
 * Fetches the identities of this workload, its default identity first.
 *
 * @param options - As for {@link fetchX509Context}.
 * @returns At least one.
 * @throws as {@link fetchX509Context}.
 * @example
 * ```ts
 * import { fetchX509SVIDs } from 'js-spiffe/workloadapi'
 *
 * for (const { id, hint } of await fetchX509SVIDs()) console.log(`${id} ${hint ?? ''}`)
 * ```
 */
export function fetchX509SVIDs(
  options: WorkloadAPIClientOptions & FetchOptions = {},
): Promise<readonly X509SVID[]> {
  return askOnce(options, (client) => client.fetchX509SVIDs(options))
}

/**
 * Fetches the default identity of this workload.
 *
 * @param options - As for {@link fetchX509Context}.
 * @returns The first of {@link fetchX509SVIDs}.
 * @throws as {@link fetchX509Context}.
 * @example
 * ```ts
 * import { x509svid } from 'js-spiffe/svid'
 * import { fetchX509SVID } from 'js-spiffe/workloadapi'
 *
 * await x509svid.save(await fetchX509SVID(), 'orders.pem', 'orders-key.pem')
 * ```
 */
export function fetchX509SVID(options: WorkloadAPIClientOptions & FetchOptions = {}): Promise<X509SVID> {
  return askOnce(options, (client) => client.fetchX509SVID(options))
}

/**
 * Fetches the X.509 authorities of all trust domains that this workload may trust. They authenticate X509-SVIDs
 * only. A service that goes on wants {@link BundleSource}.
 *
 * @param options - As for {@link fetchX509Context}.
 * @returns A bundle for each trust domain.
 * @throws as {@link fetchX509Context}.
 * @example
 * ```ts
 * import { fetchX509Bundles } from 'js-spiffe/workloadapi'
 *
 * const bundles = await fetchX509Bundles()
 * console.log(bundles.get('acme.internal')?.marshal())
 * ```
 */
export function fetchX509Bundles(
  options: WorkloadAPIClientOptions & FetchOptions = {},
): Promise<X509BundleSet> {
  return askOnce(options, (client) => client.fetchX509Bundles(options))
}

/**
 * Fetches JWT-SVIDs for an audience: for the subject, or for every identity of this workload.
 *
 * @param params - Whom the tokens are for, and as whom; and the options of {@link fetchX509Context}.
 * @returns At least one, that of the default identity first.
 * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…` when the address is none or is missing,
 * `ERR_SPIFFE_WORKLOAD_API_…` when there is no token, or it is not what was asked for.
 * @throws `TypeError` when there is no audience or an option is wrong, and the reason of the signal when it aborts.
 * @see {@link WorkloadAPIClient.fetchJWTSVIDs}
 * @example
 * ```ts
 * import { fetchJWTSVIDs } from 'js-spiffe/workloadapi'
 *
 * for (const svid of await fetchJWTSVIDs({ audience: 'orders' })) console.log(`a token for ${svid.id}`)
 * ```
 */
export function fetchJWTSVIDs(
  params: WorkloadAPIClientOptions & CallOptions & Omit<JWTSVIDParams, 'hint'>,
): Promise<readonly JWTSVID[]> {
  return askOnce(params, (client) => client.fetchJWTSVIDs(params))
}

/**
 * Fetches a JWT-SVID for an audience. A service that goes on wants {@link JWTSource}, which keeps and renews them.
 *
 * @param params - Whom the token is for, and as whom; and the options of {@link fetchX509Context}.
 * @returns The first of {@link fetchJWTSVIDs}, or the one with the hint.
 * @throws as {@link fetchJWTSVIDs}, and `ERR_SPIFFE_WORKLOAD_API_HINT_UNKNOWN` when none has the hint.
 * @example
 * ```ts
 * import { fetchJWTSVID } from 'js-spiffe/workloadapi'
 *
 * const svid = await fetchJWTSVID({ audience: 'orders' })
 * const headers = { authorization: `Bearer ${svid.marshal()}` }
 * ```
 */
export function fetchJWTSVID(
  params: WorkloadAPIClientOptions & CallOptions & JWTSVIDParams,
): Promise<JWTSVID> {
  return askOnce(params, (client) => client.fetchJWTSVID(params))
}

/**
 * Fetches the JWT authorities of all trust domains that this workload may trust. They authenticate JWT-SVIDs only.
 * A service that goes on wants {@link JWTSource} or {@link BundleSource}.
 *
 * @param options - As for {@link fetchX509Context}.
 * @returns A bundle for each trust domain.
 * @throws as {@link fetchX509Context}.
 * @example
 * ```ts
 * import { fetchJWTBundles } from 'js-spiffe/workloadapi'
 *
 * const bundles = await fetchJWTBundles()
 * console.log(bundles.get('acme.internal')?.marshal())
 * ```
 */
export function fetchJWTBundles(
  options: WorkloadAPIClientOptions & FetchOptions = {},
): Promise<JWTBundleSet> {
  return askOnce(options, (client) => client.fetchJWTBundles(options))
}

/**
 * Has the Workload API validate a token that somebody presented. A service that does it for each request wants
 * `jwtsvid.parseAndValidate` with a {@link JWTSource}, which makes no calls.
 *
 * @param token - The token in its compact form.
 * @param audience - Whom it must be for: us.
 * @param options - As for {@link fetchX509Context}.
 * @returns The token, as the Workload API found it to be.
 * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_TOKEN_REJECTED` when it is not valid, and what
 * {@link fetchX509Context} throws.
 * @see {@link WorkloadAPIClient.validateJWTSVID}
 * @example
 * ```ts
 * import { fetchJWTSVID, validateJWTSVID } from 'js-spiffe/workloadapi'
 *
 * const token = (await fetchJWTSVID({ audience: 'orders' })).marshal()
 * const caller = await validateJWTSVID(token, 'orders')
 * console.log(`${caller.id}`)
 * ```
 */
export function validateJWTSVID(
  token: string,
  audience: string,
  options: WorkloadAPIClientOptions & CallOptions = {},
): Promise<JWTSVID> {
  return askOnce(options, (client) => client.validateJWTSVID(token, audience, options))
}

/** Asks with a client that lives for this one question. */
async function askOnce<T>(
  options: WorkloadAPIClientOptions,
  ask: (client: WorkloadAPIClient) => Promise<T>,
): Promise<T> {
  const client = WorkloadAPIClient.create(options)
  try {
    return await ask(client)
  } finally {
    await client.close()
  }
}
