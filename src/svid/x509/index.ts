import { X509SVID } from './x509-svid.ts'

export { idFromCert } from './id-from-cert.ts'
export type { Role } from './leaf-rules.ts'
export { type LoadOptions, load } from './load.ts'
export { save } from './save.ts'
export { type VerifyOptions, verify } from './verify.ts'

/** See {@link X509SVID.parse}. */
export const parse: typeof X509SVID.parse = X509SVID.parse

/** See {@link X509SVID.parseRaw}. */
export const parseRaw: typeof X509SVID.parseRaw = X509SVID.parseRaw
