import type { KeyObject, X509Certificate } from 'node:crypto'
import { jwk, keys } from '../jwt/keys.ts'

type Members = Readonly<Record<string, unknown>>

/** The text of a SPIFFE bundle document. */
export function document(elements: readonly unknown[], members: Members = {}): string {
  return JSON.stringify({ keys: elements, ...members })
}

/** An X.509 authority as a bundle has it, with changes; a change to `undefined` takes a member away. */
export function x509Key(certificate: X509Certificate, members: Members = {}): Record<string, unknown> {
  return {
    ...certificate.publicKey.export({ format: 'jwk' }),
    use: 'x509-svid',
    x5c: [certificate.raw.toString('base64')],
    ...members,
  }
}

/** A JWT authority as a bundle has it. */
export function jwtKey(kid: string, key: KeyObject = keys.RSA): Record<string, unknown> {
  return jwk(key, { kid, use: 'jwt-svid' })
}
