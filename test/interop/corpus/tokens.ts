import { createHmac } from 'node:crypto'
import { encode, type Part, type Signer, signatureOf, token } from '../../support/jwt.ts'

/** A token, for the audience `orders` unless it says otherwise. */
export interface JWTCase {
  readonly name: string
  readonly token: string
  readonly audience?: readonly [string, ...string[]]
}

/** Makes tokens that differ in one thing from a good one. */
export class Tokens {
  /** When they were made, in seconds. The peers judge by the time of the machine, some seconds later. */
  readonly now: number = Math.floor(Date.now() / 1000)
  readonly es256: Signer
  /** The good one, and its parts. */
  readonly good: string
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** Its claims as they are written. */
  readonly text: string

  constructor(es256: Signer) {
    this.es256 = es256
    this.good = token(es256, { claims: this.claims() })
    this.text = JSON.stringify(this.claims())
    const [header = '', payload = '', signature = ''] = this.good.split('.')
    this.header = header
    this.payload = payload
    this.signature = signature
  }

  claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      sub: 'spiffe://acme.internal/checkout',
      aud: ['orders'],
      exp: this.now + 300,
      iat: this.now,
      ...changes,
    }
  }

  withClaims(name: string, changes: Readonly<Record<string, unknown>>): JWTCase {
    return { name, token: token(this.es256, { claims: this.claims(changes) }) }
  }

  withHeader(name: string, header: Part): JWTCase {
    return { name, token: token(this.es256, { header, claims: this.claims() }) }
  }

  /** A payload as text, for what no object can say. */
  withPayload(name: string, payload: Part): JWTCase {
    return { name, token: token(this.es256, { claims: payload }) }
  }

  /** Signed with the public key, which everybody knows, as if it were a secret. */
  hmac(): string {
    const input = `${encode({ alg: 'HS256', kid: this.es256.kid })}.${this.payload}`
    const secret = this.es256.publicKey.export({ type: 'spki', format: 'pem' })
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }

  /** Well signed, in the alphabet of plain base64. */
  plainBase64(): string {
    const claims = JSON.stringify(this.claims({ x: '???>>>' }))
    const input = `${this.header}.${Buffer.from(claims).toString('base64').replace(/=+$/, '')}`
    return `${input}.${signatureOf(this.es256, input)}`
  }

  /** The good one, spelled otherwise: the last character of a signature of 64 bytes has four bits to spare. */
  unusedBits(): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return this.good.slice(0, -1) + alphabet[alphabet.indexOf(this.good.at(-1) ?? '') ^ 1]
  }
}
