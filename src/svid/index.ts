export type { Authorizer } from './authorizer.ts'
export { SVIDError } from './error.ts'
export * as jwtsvid from './jwt/index.ts'
export { JWTSVID } from './jwt/jwt-svid.ts'
export type {
  JWTSVIDParams,
  JWTSVIDSource,
  X509Context,
  X509ContextSource,
  X509SVIDSource,
} from './source.ts'
export type { VerifiedPeer } from './verified-peer.ts'
export * as x509svid from './x509/index.ts'
export { X509SVID, type X509SVIDOptions, type X509SVIDPEM, type X509SVIDRaw } from './x509/x509-svid.ts'
