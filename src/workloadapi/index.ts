export { BundleSource, type BundleSourceHealth, type BundleSourceUpdate } from './bundle-source.ts'
export type { CallOptions } from './calls.ts'
export {
  type FetchOptions,
  type WatchOptions,
  WorkloadAPIClient,
  type WorkloadAPIClientOptions,
} from './client.ts'
export { type Clock, systemClock } from './clock.ts'
export { getDefaultAddress, socketEnv, validateAddress } from './endpoint.ts'
export { WorkloadAPIError } from './error.ts'
export type { SourceHealth, SourceState } from './health.ts'
export { JWTSource, type JWTSourceOptions } from './jwt-source.ts'
export type { Logger } from './logger.ts'
export {
  fetchJWTBundles,
  fetchJWTSVID,
  fetchJWTSVIDs,
  fetchX509Bundles,
  fetchX509Context,
  fetchX509SVID,
  fetchX509SVIDs,
  validateJWTSVID,
} from './one-shot-calls.ts'
export { watchJWTBundles, watchX509Bundles, watchX509Context } from './one-shot-watches.ts'
export type { SourceOptions, UpdateOptions } from './source-options.ts'
export type { X509SVIDPicker } from './x509-picker.ts'
export { X509Source, type X509SourceOptions } from './x509-source.ts'
