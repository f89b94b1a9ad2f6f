import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { ecKeyPair, rsaKeyPair } from '../../support/key-pair.ts'

const ec = (namedCurve: string): KeyObject => ecKeyPair(namedCurve).publicKey

/** Public keys of every kind that may sign JWT-SVIDs. */
export const keys = {
  'P-256': ec('P-256'),
  'P-384': ec('P-384'),
  'P-521': ec('P-521'),
  RSA: rsaKeyPair().publicKey,
}

/** Another key on P-256. */
export const otherKey: KeyObject = ec('P-256')

/** A public key as a JWK, with other members beside or in the place of its own; `undefined` takes one away. */
export function jwk(
  key: KeyObject = keys['P-256'],
  members: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { ...key.export({ format: 'jwk' }), kid: 'a', ...members }
}

/** The text of a JWK Set. */
export function jwks(...elements: readonly unknown[]): string {
  return JSON.stringify({ keys: elements })
}

/** An RSA public key of any exponent and modulus, sound or not. */
export function rsaJWK(modulus: Uint8Array, exponent: Uint8Array): JsonWebKey {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  return { kty: 'RSA', n: text(modulus), e: text(exponent) }
}

/** A modulus with as many bits: no product of primes, which nobody can tell. */
export function modulus(bits: number): Uint8Array {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xa5)
  bytes[0] = 1 << ((bits - 1) % 8)
  return bytes
}

/** A key object of such a key: OpenSSL imports it all the same. */
export function rsaKey(bits: number, exponent: Uint8Array): KeyObject {
  return createPublicKey({ key: rsaJWK(modulus(bits), exponent), format: 'jwk' })
}
