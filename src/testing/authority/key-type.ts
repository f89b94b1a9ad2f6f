import { type KeyObject, KeyObject as KeyObjects, webcrypto } from 'node:crypto'

/** The kinds of key that SPIRE issues, under SPIRE's names. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-4096'

/** A key with what it signs. */
export interface SigningKey {
  readonly type: KeyType
  readonly privateKey: webcrypto.CryptoKey
  readonly publicKey: webcrypto.CryptoKey
}

interface KeyTypeFacts {
  readonly generate: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams
  /** How certificates are signed with it. */
  readonly certificates: webcrypto.EcdsaParams | webcrypto.Algorithm
  /** How tokens are signed with it. */
  readonly tokens: 'ES256' | 'ES384' | 'RS256'
}

const elliptic = (namedCurve: string, hash: string, tokens: 'ES256' | 'ES384'): KeyTypeFacts => ({
  generate: { name: 'ECDSA', namedCurve },
  certificates: { name: 'ECDSA', hash },
  tokens,
})

const rsa = (modulusLength: number): KeyTypeFacts => ({
  generate: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: 'SHA-256',
  },
  certificates: { name: 'RSASSA-PKCS1-v1_5' },
  tokens: 'RS256',
})

/** What goes with each kind of key. */
export const keyTypes: Readonly<Record<KeyType, KeyTypeFacts>> = {
  'ec-p256': elliptic('P-256', 'SHA-256', 'ES256'),
  'ec-p384': elliptic('P-384', 'SHA-384', 'ES384'),
  'rsa-2048': rsa(2048),
  'rsa-4096': rsa(4096),
}

/** Checks what a caller in JavaScript may get wrong. */
export function assertKeyType(type: KeyType): void {
  if (!Object.hasOwn(keyTypes, type)) {
    throw new TypeError(`a key type is one of ${Object.keys(keyTypes).join(', ')}`)
  }
}

export async function generateKey(type: KeyType): Promise<SigningKey> {
  const pair = await webcrypto.subtle.generateKey(keyTypes[type].generate, true, ['sign', 'verify'])
  return { type, privateKey: pair.privateKey, publicKey: pair.publicKey }
}

export function privateKeyObject(key: SigningKey): KeyObject {
  return KeyObjects.from(key.privateKey)
}

export function publicKeyObject(key: SigningKey): KeyObject {
  return KeyObjects.from(key.publicKey)
}
