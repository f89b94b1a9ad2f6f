import { type Call, calls } from '../../workloadapi/wire/workload-api.ts'

/** The calls of the Workload API that have an answer: those of the X.509 and the JWT profile. */
export type CallName =
  | 'fetchJWTSVID'
  | 'validateJWTSVID'
  | 'fetchX509SVID'
  | 'fetchX509Bundles'
  | 'fetchJWTBundles'

/** Those that answer once. */
export type UnaryName = 'fetchJWTSVID' | 'validateJWTSVID'

/** Those that answer for as long as they are open. */
export type StreamName = Exclude<CallName, UnaryName>

export type Request<Name extends CallName> =
  (typeof calls)[Name] extends Call<infer Content, unknown> ? Content : never

export type Response<Name extends CallName> =
  (typeof calls)[Name] extends Call<infer _, infer Content> ? Content : never

/** Each call with its messages. */
export const wire: { readonly [Name in CallName]: Call<Request<Name>, Response<Name>> } = calls

export const callNames: readonly CallName[] = Object.keys(calls).filter(isCallName)

export function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name)
}

export function isStreamName(name: CallName): name is StreamName {
  return calls[name].streams
}

/** The calls of the optional WIT profile, which nobody answers yet (Workload API §7), and what they would give. */
export const unanswered: ReadonlyMap<string, string> = new Map([
  ['/SpiffeWorkloadAPI/FetchWITSVID', 'WIT-SVIDs'],
  ['/SpiffeWorkloadAPI/FetchWITBundles', 'WIT bundles'],
])
