export { SpiffeIDError } from './error.ts'
export {
  and,
  type Matcher,
  matchAny,
  matchID,
  matchMemberOf,
  matchOneOf,
  matchPrefix,
  not,
  or,
  refusal,
} from './matcher.ts'
export { joinPathSegments, validatePath, validatePathSegment } from './path.ts'
export { type ParseOptions, SpiffeID } from './spiffe-id.ts'
export { TrustDomain } from './trust-domain.ts'
