import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { detachedKey } from '../../src/internal/detached-key.ts'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Keys that may be exported as JWKs whenever garbage is collected. */
export function detachedPair({ publicKey, privateKey }: KeyPair): KeyPair {
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  return {
    publicKey: detachedKey(publicKey),
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
  }
}

/** A key pair on a curve. */
export function ecKeyPair(namedCurve: string): KeyPair {
  return detachedPair(generateKeyPairSync('ec', { namedCurve }))
}

/** An RSA key pair. */
export function rsaKeyPair(modulusLength = 2048): KeyPair {
  return detachedPair(generateKeyPairSync('rsa', { modulusLength }))
}
