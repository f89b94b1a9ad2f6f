import { type Message, map, message, one, repeated } from './message.ts'
import { struct } from './struct.ts'
import { bytes, string } from './types.ts'

/*
 * The messages and calls of `workloadapi.proto` (Workload API, Appendix A), the X.509 and the JWT profile.
 * Certificates are DER, several of them one after the other; a bundle of JWT authorities is a JWK Set.
 */

export const X509SVIDMessage = message({
  spiffeID: one(1, string),
  x509SVID: one(2, bytes),
  x509SVIDKey: one(3, bytes),
  bundle: one(4, bytes),
  hint: one(5, string),
})

export const X509SVIDRequest = message({})

export const X509SVIDResponse = message({
  svids: repeated(1, X509SVIDMessage),
  crl: repeated(2, bytes),
  federatedBundles: map(3, bytes),
})

export const X509BundlesRequest = message({})

export const X509BundlesResponse = message({
  crl: repeated(1, bytes),
  bundles: map(2, bytes),
})

export const JWTSVIDRequest = message({
  audience: repeated(1, string),
  spiffeID: one(2, string),
})

export const JWTSVIDMessage = message({
  spiffeID: one(1, string),
  svid: one(2, string),
  hint: one(3, string),
})

export const JWTSVIDResponse = message({
  svids: repeated(1, JWTSVIDMessage),
})

export const JWTBundlesRequest = message({})

export const JWTBundlesResponse = message({
  bundles: map(1, bytes),
})

export const ValidateJWTSVIDRequest = message({
  audience: one(1, string),
  svid: one(2, string),
})

export const ValidateJWTSVIDResponse = message({
  spiffeID: one(1, string),
  claims: one(2, struct),
})

/** What a message holds once it is read. */
export type Content<M> = M extends Message<infer T> ? T : never

/** A call of the Workload API: its path, and what goes in and comes out. */
export interface Call<Request, Response> {
  readonly path: string
  readonly request: Message<Request>
  readonly response: Message<Response>
  /** Whether answers keep coming until either side ends the call. */
  readonly streams: boolean
}

/** The calls. The service has no package: that is what goes over the wire. */
export const calls = {
  fetchX509SVID: call('FetchX509SVID', X509SVIDRequest, X509SVIDResponse, true),
  fetchX509Bundles: call('FetchX509Bundles', X509BundlesRequest, X509BundlesResponse, true),
  fetchJWTSVID: call('FetchJWTSVID', JWTSVIDRequest, JWTSVIDResponse, false),
  fetchJWTBundles: call('FetchJWTBundles', JWTBundlesRequest, JWTBundlesResponse, true),
  validateJWTSVID: call('ValidateJWTSVID', ValidateJWTSVIDRequest, ValidateJWTSVIDResponse, false),
} as const

/** The metadata that every call carries, exactly once (Workload Endpoint §3). */
export const securityHeader = { name: 'workload.spiffe.io', value: 'true' } as const

function call<Request, Response>(
  name: string,
  request: Message<Request>,
  response: Message<Response>,
  streams: boolean,
): Call<Request, Response> {
  return { path: `/SpiffeWorkloadAPI/${name}`, request, response, streams }
}
