import { constants, type KeyObject, verify } from 'node:crypto'
import { asBuffer } from '../bytes.ts'
import type { AlgorithmIdentifier } from './algorithm-identifier.ts'
import type { PublicKeyInfo } from './public-key-info.ts'

/** How a signature is checked, and with which type of key. */
export interface SignatureScheme {
  readonly keyType: PublicKeyInfo['type']
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
  readonly padding?: number
  readonly saltLength?: number
}

const PSS = { keyType: 'rsa', padding: constants.RSA_PKCS1_PSS_PADDING } as const

/**
 * The signature algorithms that are taken, by their AlgorithmIdentifier in DER: there is no other way to spell
 * one, and none without SHA-2.
 */
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map([
  // RFC 4055 §5: PKCS #1 v1.5 with SHA-256, SHA-384, SHA-512; the NULL may be missing
  ['300d06092a864886f70d01010b0500', { keyType: 'rsa', hash: 'sha256' }],
  ['300d06092a864886f70d01010c0500', { keyType: 'rsa', hash: 'sha384' }],
  ['300d06092a864886f70d01010d0500', { keyType: 'rsa', hash: 'sha512' }],
  ['300b06092a864886f70d01010b', { keyType: 'rsa', hash: 'sha256' }],
  ['300b06092a864886f70d01010c', { keyType: 'rsa', hash: 'sha384' }],
  ['300b06092a864886f70d01010d', { keyType: 'rsa', hash: 'sha512' }],
  // RFC 4055 §3: PSS with one hash throughout and a salt as long as it
  [pss('01', '20'), { ...PSS, hash: 'sha256', saltLength: 32 }],
  [pss('02', '30'), { ...PSS, hash: 'sha384', saltLength: 48 }],
  [pss('03', '40'), { ...PSS, hash: 'sha512', saltLength: 64 }],
  // RFC 5758 §3.2: ECDSA with SHA-256, SHA-384, SHA-512
  ['300a06082a8648ce3d040302', { keyType: 'ec', hash: 'sha256' }],
  ['300a06082a8648ce3d040303', { keyType: 'ec', hash: 'sha384' }],
  ['300a06082a8648ce3d040304', { keyType: 'ec', hash: 'sha512' }],
  // RFC 8410 §3: Ed25519
  ['300506032b6570', { keyType: 'ed25519', hash: null }],
] satisfies [string, SignatureScheme][])

/** The scheme that an AlgorithmIdentifier names; `undefined` where it is not taken. */
export function signatureScheme({ raw }: AlgorithmIdentifier): SignatureScheme | undefined {
  return SCHEMES.get(asBuffer(raw).toString('hex'))
}

/** Whether a key made a signature over the bytes (RFC 5280 §6.1.3 (a)(1)). */
export function signatureHolds(
  { hash, keyType: _, ...options }: SignatureScheme,
  signed: Uint8Array,
  signature: Uint8Array,
  publicKey: () => KeyObject,
): boolean {
  try {
    return verify(hash, signed, { key: publicKey(), ...options }, signature)
  } catch {
    // OpenSSL finds that the key is none, such as a point that is not on its curve.
    return false
  }
}

/** RSASSA-PSS-params with a hash of the arc 2.16.840.1.101.3.4.2, MGF1 with the same hash, and a salt length. */
function pss(hashArc: string, saltLength: string): string {
  const hash = `300d06096086480165030402${hashArc}0500`
  return `304106092a864886f70d01010a3034a00f${hash}a11c301a06092a864886f70d010108${hash}a2030201${saltLength}`
}
