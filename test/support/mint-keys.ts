import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { detachedPair, type KeyPair } from './key-pair.ts'

export type KeyType =
  | 'p256'
  | 'p384'
  | 'p521'
  | 'p224'
  | 'secp256k1'
  | 'ed25519'
  | 'ed448'
  | 'rsa1024'
  | 'rsa2048'
  | 'rsa3072'
  | 'rsa-pss2048'

/** A type of key, and after a slash whatever tells one key of that type from another: `p256/root`. */
export type KeyName = KeyType | `${KeyType}/${string}`

const keys = new Map<string, KeyPair>()

/** The key of this name: made once, then remembered. */
export function keyNamed(name: KeyName): KeyPair {
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = detachedPair(generate(name.split('/')[0] as KeyType))
  keys.set(name, key)
  return key
}

const exported = new WeakMap<KeyObject, Uint8Array>()

/** The SubjectPublicKeyInfo of a key in DER. To export it takes longer than to sign, so it is done once. */
export function spkiOf(publicKey: KeyObject): Uint8Array {
  const known = exported.get(publicKey)
  if (known !== undefined) return known
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  exported.set(publicKey, spki)
  return spki
}

function generate(type: KeyType): KeyPair {
  switch (type) {
    case 'p256':
    case 'p384':
    case 'p521':
    case 'p224':
      return generateKeyPairSync('ec', { namedCurve: `P-${type.slice(1)}` })
    case 'secp256k1':
      return generateKeyPairSync('ec', { namedCurve: type })
    case 'ed25519':
      return generateKeyPairSync('ed25519')
    case 'ed448':
      return generateKeyPairSync('ed448')
    case 'rsa1024':
    case 'rsa2048':
    case 'rsa3072':
      return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(3)) })
    case 'rsa-pss2048':
      return generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
  }
}
