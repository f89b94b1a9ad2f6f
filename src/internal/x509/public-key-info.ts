import { type DERElement, malformed, readDER, TAG } from '../der.ts'
import { Components, readCount, readOctetsOfBitString, readOID, readUnsigned } from '../der-values.ts'
import { readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { KEY } from './oid.ts'

/** What a SubjectPublicKeyInfo says about its key, as far as rules look at it. */
export type PublicKeyInfo =
  | {
      readonly type: 'rsa'
      readonly modulusBits: number
      readonly isModulusOdd: boolean
      readonly exponent: number
    }
  | { readonly type: 'ec'; readonly curve: string; readonly point: Uint8Array }
  | { readonly type: 'ed25519'; readonly octets: number }
  | { readonly type: 'other'; readonly algorithm: string }

/** SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING } */
export function readPublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  const parts = new Components(readDER(spki), 'a public key')
  const { algorithm, parameters } = readAlgorithmIdentifier(parts.take(TAG.sequence))
  const key = readOctetsOfBitString(parts.take(TAG.bitString))
  parts.end()
  switch (algorithm) {
    case KEY.rsa:
      if (parameters?.tag !== TAG.null) throw malformed('an RSA key lacks its NULL', 'RFC 3279 §2.3.1')
      return readRSA(key)
    case KEY.ec:
      return { type: 'ec', curve: readNamedCurve(parameters), point: key }
    case KEY.ed25519:
      if (parameters !== undefined) throw malformed('an Ed25519 key has parameters', 'RFC 8410 §3')
      return { type: 'ed25519', octets: key.length }
    default:
      return { type: 'other', algorithm }
  }
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1) */
function readRSA(key: Uint8Array): PublicKeyInfo {
  const parts = new Components(readDER(key), 'an RSA public key')
  const modulus = readUnsigned(parts.take(TAG.integer))
  const exponent = readCount(parts.take(TAG.integer))
  parts.end()
  const [first = 0] = modulus
  return {
    type: 'rsa',
    modulusBits: first === 0 ? 0 : modulus.length * 8 + 24 - Math.clz32(first),
    isModulusOdd: Number(modulus.at(-1)) % 2 === 1,
    exponent,
  }
}

/** ECParameters, of which a certificate may only hold a named curve (RFC 5480 §2.1.1). */
function readNamedCurve(parameters: DERElement | undefined): string {
  if (parameters?.tag !== TAG.objectIdentifier)
    throw malformed('an EC key has no named curve', 'RFC 5480 §2.1.1')
  return readOID(parameters)
}
