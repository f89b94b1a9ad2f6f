export {
  type AuthenticateBearerOptions,
  authenticateBearer,
  type BearerIdentity,
} from './authenticate-bearer.ts'
export { type BearerAnswer, BearerError } from './error.ts'
export type { BearerHeaders, HeadersLike } from './headers.ts'
