import { constants, type KeyObject, sign } from 'node:crypto'
import { JWTBundle } from '../../src/bundle/jwt/jwt-bundle.ts'
import { ecKeyPair, type KeyPair, rsaKeyPair } from './key-pair.ts'

/** Signs tokens, good ones and broken ones: nothing here checks what it is given. */
export interface Signer {
  readonly alg: string
  readonly kid: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** A part of a token: an object becomes JSON, a string is taken as the JSON text, bytes as they are. */
export type Part = Readonly<Record<string, unknown>> | string | Uint8Array

/** The time that good tokens are valid at. */
export const NOW = new Date('2026-01-01T00:00:00Z')
export const NOW_SECONDS = NOW.getTime() / 1000

export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
] as const

const CURVES = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
])
const keyPairs = new Map<string, KeyPair>()

/** A signer of an algorithm; algorithms of one kind of key share the key of a `kid`, which takes long to make. */
export function signer(alg: string, kid?: string): Signer {
  const curve = CURVES.get(alg)
  const name = `${curve ?? 'RSA'} ${kid}`
  const keyPair = keyPairs.get(name) ?? (curve === undefined ? rsaKeyPair() : ecKeyPair(curve))
  keyPairs.set(name, keyPair)
  return { alg, kid: kid ?? `key-${alg}`, ...keyPair }
}

/** A bundle with the public keys of these signers. */
export function bundleOf(trustDomain: string, ...of: readonly Signer[]): JWTBundle {
  return JWTBundle.fromJWTAuthorities(
    trustDomain,
    of.map(({ kid, publicKey }) => [kid, publicKey]),
  )
}

/** The claims of a good token, with changes; a change to `undefined` leaves the claim out. */
export function goodClaims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    sub: 'spiffe://acme.internal/checkout',
    aud: ['orders'],
    exp: NOW_SECONDS + 300,
    iat: NOW_SECONDS,
    ...changes,
  }
}

/** A token. Its header is `alg` and `kid` of the signer with changes, or wholly another text. */
export function token(
  by: Signer,
  { header = {}, claims = goodClaims() }: { header?: Part; claims?: Part } = {},
): string {
  const input = `${encode(isRecord(header) ? { alg: by.alg, kid: by.kid, ...header } : header)}.${encode(claims)}`
  return `${input}.${signatureOf(by, input)}`
}

/** The signature of a signer over any text. */
export function signatureOf({ alg, privateKey }: Signer, input: string): string {
  const key = alg.startsWith('ES')
    ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
    : alg.startsWith('PS')
      ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 }
      : privateKey
  return sign(`sha${alg.slice(2)}`, Buffer.from(input), key).toString('base64url')
}

/** A part of a token as it is written. */
export function encode(part: Part): string {
  return Buffer.from(isRecord(part) ? JSON.stringify(part) : part).toString('base64url')
}

function isRecord(part: Part): part is Readonly<Record<string, unknown>> {
  return typeof part === 'object' && !(part instanceof Uint8Array)
}
