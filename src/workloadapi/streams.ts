import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { X509Context } from '../svid/source.ts'
import type { Calls } from './calls.ts'
import type { WorkloadAPIError } from './error.ts'
import type { OnRefused } from './responses/bundles.ts'
import { readJWTBundles } from './responses/jwt-bundles.ts'
import { readX509Bundles } from './responses/x509-bundles.ts'
import { readX509Context } from './responses/x509-context.ts'
import { calls as apiCalls, type Call } from './wire/workload-api.ts'

/** What one message of a stream says. */
export interface Update<T> {
  readonly value: T
  /** What had to be left out of it: bundles that cannot be used. */
  readonly skipped: readonly WorkloadAPIError[]
}

/** A stream of the Workload API, its messages read to what they mean. */
export interface Stream<T> {
  /** Opens it. Messages come unread: reading one may throw, and the stream goes on. */
  open(calls: Calls, signal: AbortSignal): AsyncIterable<() => Update<T>>
}

export const x509Contexts: Stream<X509Context> = streamOf(apiCalls.fetchX509SVID, readX509Context)
export const x509Bundles: Stream<X509BundleSet> = streamOf(apiCalls.fetchX509Bundles, readX509Bundles)
export const jwtBundles: Stream<JWTBundleSet> = streamOf(apiCalls.fetchJWTBundles, readJWTBundles)

function streamOf<Response, T>(
  call: Call<object, Response>,
  read: (response: Response, onRefused: OnRefused, now: Date) => T,
): Stream<T> {
  return {
    async *open(calls, signal) {
      for await (const message of calls.answers(call, {}, signal)) {
        yield () => {
          const skipped: WorkloadAPIError[] = []
          const value = read(message(), (error) => skipped.push(error), calls.clock.now())
          return { value, skipped }
        }
      }
    },
  }
}
