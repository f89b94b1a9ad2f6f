import { type KeyObject, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { generateKey, type KeyType, keyTypes, publicKeyObject, type SigningKey } from './key-type.ts'

/** A key that signs tokens, under the name it has in the bundle. */
export interface JWTAuthority {
  readonly kid: string
  readonly key: SigningKey
  readonly publicKey: KeyObject
}

/** What a token says. */
export interface TokenFacts {
  readonly id: SpiffeID
  readonly audience: readonly string[]
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** What else it says. */
  readonly claims: Readonly<Record<string, unknown>>
}

export async function makeJWTAuthority(keyType: KeyType): Promise<JWTAuthority> {
  const key = await generateKey(keyType)
  return { kid: randomBytes(16).toString('hex'), key, publicKey: publicKeyObject(key) }
}

/** Signs a token with the header and the claims that SPIRE gives it. */
export function signToken(authority: JWTAuthority, facts: TokenFacts): Promise<string> {
  const claims = {
    ...facts.claims,
    aud: [...facts.audience],
    exp: seconds(facts.expiresAt),
    iat: seconds(facts.issuedAt),
    sub: facts.id.toString(),
  }
  // JWT-SVID §2: no header but alg, kid and typ.
  const header = { alg: keyTypes[authority.key.type].tokens, kid: authority.kid, typ: 'JWT' }
  return new SignJWT(claims).setProtectedHeader(header).sign(authority.key.privateKey)
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
