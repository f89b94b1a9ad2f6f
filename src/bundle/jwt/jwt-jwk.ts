import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../../internal/base64url.ts'
import { detachedKey } from '../../internal/detached-key.ts'
import { BundleError } from '../error.ts'
import { type JWK, malformedJWK, publicKeyType, stringMember, unsupportedKeyType } from '../jwk.ts'
import { refusing } from '../refusing.ts'
import { assertStrongRSA, type JWTAuthority, type JWTKeyKind } from './jwt-authority.ts'

/** A JWT authority whose key is made when it is first needed: to import one takes up to milliseconds. */
export interface PendingJWTAuthority {
  /** Where it stands in the document it was read from. */
  readonly at: number
  readonly kid: string
  readonly kind: JWTKeyKind
  /** Its key and the algorithm it is bound to, in the one way that they are written. */
  readonly text: string
  /** @throws `BundleError` when the key turns out to be unfit. */
  readonly make: () => JWTAuthority
}

/** How long the coordinates of a point are (RFC 7518 §6.2.1.2). */
const COORDINATE_BYTES: ReadonlyMap<string, readonly [JWTKeyKind, number]> = new Map([
  ['P-256', ['P-256', 32]],
  ['P-384', ['P-384', 48]],
  ['P-521', ['P-521', 66]],
])

/** Reads a JWK as a JWT authority; what its `use` says has been looked at before. */
export function readJWTAuthority(jwk: JWK): PendingJWTAuthority {
  const { at, members } = jwk
  const type = publicKeyType(jwk)
  const kid = members['kid']
  if (typeof kid !== 'string' || kid === '') {
    throw new BundleError('ERR_SPIFFE_JWK_KID_MISSING', `key ${at} of the set has no kid`)
  }
  const alg = Object.hasOwn(members, 'alg') ? stringMember(jwk, 'alg', 'RFC 7517 §4.4') : undefined
  const [kind, key] = readKey(jwk, type, kid)
  const make = (): JWTAuthority => Object.freeze({ kid, key: importKey(at, key), kind, alg })
  return { at, kid, kind, text: textOf(key, alg), make }
}

/** An authority whose key is there already. */
export function settledJWTAuthority(authority: JWTAuthority): PendingJWTAuthority {
  const { kid, kind, key, alg } = authority
  return {
    at: 0,
    kid,
    kind,
    text: textOf(detachedKey(key).export({ format: 'jwk' }), alg),
    make: () => authority,
  }
}

/** Writes an authority as the JWK of a bundle (JWT-SVID §6.1). */
export function writeJWTAuthority({ key, kid, alg }: JWTAuthority): Readonly<Record<string, unknown>> {
  const { kty, ...members } = detachedKey(key).export({ format: 'jwk' })
  return { kty, use: 'jwt-svid', kid, alg, ...members }
}

/** Numbers and coordinates have one encoding each, so two keys are the same exactly when this is. */
function textOf({ kty, crv, n, e, x, y }: JsonWebKey, alg: string | undefined): string {
  return JSON.stringify([alg, kty, crv, n, e, x, y])
}

/** Whether it is fit is judged before it is imported: what to import one costs is up to who wrote it. */
function readKey(jwk: JWK, type: string, kid: string): readonly [JWTKeyKind, JsonWebKey] {
  switch (type) {
    case 'RSA':
      return readRSAKey(jwk, kid)
    case 'EC':
      return readCurvePoint(jwk)
    default:
      throw unsupportedKeyType(jwk.at, type)
  }
}

function readRSAKey(jwk: JWK, kid: string): readonly [JWTKeyKind, JsonWebKey] {
  const n = unsignedInteger(jwk, 'n')
  const e = unsignedInteger(jwk, 'e')
  assertStrongRSA(kid, n, e)
  return ['RSA', { kty: 'RSA', n: encodeBase64url(n), e: encodeBase64url(e) }]
}

function readCurvePoint(jwk: JWK): readonly [JWTKeyKind, JsonWebKey] {
  const crv = stringMember(jwk, 'crv', 'RFC 7518 §6.2.1.1')
  const curve = COORDINATE_BYTES.get(crv)
  if (curve === undefined) throw unsupportedKeyType(jwk.at, crv)
  const [kind, size] = curve
  return [kind, { kty: 'EC', crv, x: coordinate(jwk, 'x', size), y: coordinate(jwk, 'y', size) }]
}

/** Base64urlUInt (RFC 7518 §2): as few octets as the number needs. */
function unsignedInteger(jwk: JWK, name: string): Uint8Array {
  const number = octets(jwk.at, name, stringMember(jwk, name, 'RFC 7518 §6.3.1'))
  if ((number[0] ?? 0) === 0) {
    throw malformedJWK(jwk.at, `does not write ${name} with as few octets as it needs`, {
      rule: 'RFC 7518 §2',
    })
  }
  return number
}

/** A coordinate has the full size of its field, leading zeros included (RFC 7518 §6.2.1.2). */
function coordinate(jwk: JWK, name: string, size: number): string {
  const text = stringMember(jwk, name, 'RFC 7518 §6.2.1.2')
  if (octets(jwk.at, name, text).length !== size) {
    throw malformedJWK(jwk.at, `does not write ${name} with ${size} octets`, { rule: 'RFC 7518 §6.2.1.2' })
  }
  return text
}

function octets(at: number, name: string, text: string): Uint8Array {
  return refusing(
    () => decodeBase64url(text),
    (cause) => malformedJWK(at, `does not write ${name} in base64url`, { rule: 'RFC 7518 §2', cause }),
  )
}

/** OpenSSL refuses a point that is not on its curve. */
function importKey(at: number, key: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch (cause) {
    throw malformedJWK(at, 'is no key of its type', { rule: 'RFC 7518 §6.2.1', cause })
  }
}
