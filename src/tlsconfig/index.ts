export { and, not, or } from '../spiffeid/combinators.ts'
export type { Authorizer } from '../svid/authorizer.ts'
export { attach } from './attach.ts'
export {
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  authorizeOneOf,
  authorizePrefix,
} from './authorizers.ts'
export { type MTLSClientOptions, mtlsClientOptions } from './client-options.ts'
export { TLSConfigError } from './error.ts'
export { type PeerConnection, type PeerSession, peerID } from './peer-id.ts'
export type { PeerPolicyOptions } from './peer-policy.ts'
export { type MTLSServerOptions, mtlsServerOptions } from './server-options.ts'
