/**
 * SPIFFE for Node: identities that renew themselves, mutual TLS authorized by SPIFFE ID, JWT-SVIDs.
 *
 * The root exports the classes, and a namespace of functions for each folder; every folder is also a subpath
 * that exports its members directly (`js-spiffe/tlsconfig`).
 *
 * @module
 */

export * as bundle from './bundle/index.ts'
export {
  BundleMap,
  JWTBundle,
  JWTBundleSet,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
  X509BundleSet,
} from './bundle/index.ts'
export { SpiffeError, type SpiffeErrorCode } from './errors.ts'
export * as http from './http/index.ts'
export * as spiffeid from './spiffeid/index.ts'
export { SpiffeID, TrustDomain } from './spiffeid/index.ts'
export { JWTSVID, jwtsvid, X509SVID, x509svid } from './svid/index.ts'
export * as tlsconfig from './tlsconfig/index.ts'
export * as workloadapi from './workloadapi/index.ts'
export { BundleSource, JWTSource, WorkloadAPIClient, X509Source } from './workloadapi/index.ts'
