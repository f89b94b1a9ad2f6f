import { createHmac } from 'node:crypto'
import {
  ALGORITHMS,
  encode,
  type Part,
  type Signer,
  signatureOf,
  signer,
  token,
} from '../../../support/jwt.ts'

/** A token, for the audience `orders` unless it says otherwise. */
export interface JWTCase {
  readonly name: string
  readonly token: string
  readonly audience?: readonly [string, ...string[]]
}

// go-spiffe validates at the time of the machine; what is near a limit stays clear of it by half a minute.
const now = Math.floor(Date.now() / 1000)

export const signers: readonly Signer[] = ALGORITHMS.map((alg) => signer(alg))
const es256 = signer('ES256')

const claims = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  sub: 'spiffe://acme.internal/checkout',
  aud: ['orders'],
  exp: now + 300,
  iat: now,
  ...changes,
})

const good = token(es256, { claims: claims() })
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.')

const withClaims = (name: string, changes: Readonly<Record<string, unknown>>): JWTCase => ({
  name,
  token: token(es256, { claims: claims(changes) }),
})
const withHeader = (name: string, header: Part): JWTCase => ({
  name,
  token: token(es256, { header, claims: claims() }),
})
/** A payload as text, for what no object can say. */
const withPayload = (name: string, payload: string): JWTCase => ({
  name,
  token: token(es256, { claims: payload }),
})
const sub = (name: string, value: unknown): JWTCase => withClaims(name, { sub: value })

const text = JSON.stringify(claims())

const algorithms: readonly JWTCase[] = [
  ...ALGORITHMS.map((alg) => ({ name: alg, token: token(signer(alg), { claims: claims() }) })),
  { name: 'alg none', token: `${encode({ alg: 'none' })}.${goodPayload}.` },
  { name: 'HS256 with a public key as the secret', token: hmac() },
  { name: 'an algorithm in lower case', token: token(es256, { header: { alg: 'es256' }, claims: claims() }) },
  {
    name: 'the key of another algorithm',
    token: token(es256, { header: { kid: signer('ES384').kid }, claims: claims() }),
  },
  {
    name: 'RS256 by the key of PS256',
    token: token({ ...signer('PS256'), alg: 'RS256' }, { claims: claims() }),
  },
]

function hmac(): string {
  const input = `${encode({ alg: 'HS256', kid: es256.kid })}.${goodPayload}`
  const secret = es256.publicKey.export({ type: 'spki', format: 'pem' })
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const headers: readonly JWTCase[] = [
  withHeader('typ JWT', { typ: 'JWT' }),
  withHeader('typ JOSE', { typ: 'JOSE' }),
  withHeader('typ in lower case', { typ: 'jwt' }),
  withHeader('typ of a WIT-SVID', { typ: 'wit+jwt' }),
  withHeader('typ that is no text', { typ: 1 }),
  withHeader('an empty typ', { typ: '' }),
  withHeader('no kid', { kid: undefined }),
  withHeader('an unknown kid', { kid: 'nobody' }),
  withHeader('an empty kid', { kid: '' }),
  withHeader('crit with an extension', { crit: ['exp'], exp: now }),
  withHeader('crit with b64', { crit: ['b64'], b64: true }),
  withHeader('an empty crit', { crit: [] }),
  withHeader('b64 without crit', { b64: true }),
  withHeader('a jku', { jku: 'https://evil.example/keys' }),
  withHeader('an unknown header', { x: 1 }),
  withHeader('alg twice', `{"alg":"ES256","alg":"ES256","kid":"${es256.kid}"}`),
  withHeader('a header that is a list', '[]'),
]

const subjects: readonly JWTCase[] = [
  sub('a subject without a path', 'spiffe://acme.internal'),
  sub('a subject with an upper-case trust domain', 'spiffe://ACME.internal/checkout'),
  sub('a subject with a trailing slash', 'spiffe://acme.internal/checkout/'),
  sub('a subject that is no SPIFFE ID', 'checkout'),
  sub('an empty subject', ''),
  sub('no subject', undefined),
  sub('a subject that is no text', 7),
  sub('a subject of a trust domain without a bundle', 'spiffe://nobody.example/checkout'),
  sub('a subject of 2049 bytes', `spiffe://acme.internal/${'a'.repeat(2049 - 23)}`),
]

const audiences: readonly JWTCase[] = [
  withClaims('an audience that is a text', { aud: 'orders' }),
  withClaims('several audiences, ours among them', { aud: ['billing', 'orders'] }),
  withClaims('another audience', { aud: ['billing'] }),
  withClaims('an audience in another case', { aud: ['Orders'] }),
  withClaims('no audience', { aud: undefined }),
  withClaims('an empty list of audiences', { aud: [] }),
  withClaims('an audience that is no text', { aud: ['orders', 7] }),
  withClaims('a null audience', { aud: null }),
  { name: 'one of several expected', token: good, audience: ['billing', 'orders'] },
]

const times: readonly JWTCase[] = [
  withClaims('expired an hour ago', { exp: now - 3600 }),
  withClaims('expired 45 s ago', { exp: now - 45 }),
  withClaims('expired 5 s ago', { exp: now - 5 }),
  withClaims('expires in the year 9999', { exp: 253_402_300_799 }),
  withClaims('no expiry', { exp: undefined }),
  withClaims('an expiry that is a text', { exp: String(now + 300) }),
  withClaims('an expiry with a fraction', { exp: now + 300.5 }),
  withClaims('a null expiry', { exp: null }),
  withPayload('an expiry in exponent notation', text.replace(/"exp":\d+/, '"exp":2e10')),
  withPayload('an expiry beyond any number', text.replace(/"exp":\d+/, '"exp":1e400')),
  withClaims('not valid for another hour', { nbf: now + 3600 }),
  withClaims('not valid for another 45 s', { nbf: now + 45 }),
  withClaims('not before that is a text', { nbf: 'now' }),
  withClaims('issued in an hour', { iat: now + 3600 }),
  withClaims('issued at a text', { iat: 'now' }),
  withClaims('no time of issue', { iat: undefined }),
]

const forms: readonly JWTCase[] = [
  { name: 'a good token', token: good },
  { name: 'an empty text', token: '' },
  { name: 'two parts', token: `${goodHeader}.${goodPayload}` },
  { name: 'four parts', token: `${good}.` },
  { name: 'no signature', token: `${goodHeader}.${goodPayload}.` },
  {
    name: 'the signature of another payload',
    token: `${goodHeader}.${encode(claims({ x: 1 }))}.${goodSignature}`,
  },
  {
    name: 'a signature in DER',
    token: `${goodHeader}.${goodPayload}.${Buffer.from('3006020101020101', 'hex').toString('base64url')}`,
  },
  {
    name: 'a signature of zeros',
    token: `${goodHeader}.${goodPayload}.${Buffer.alloc(64).toString('base64url')}`,
  },
  { name: 'padding', token: `${good}==` },
  { name: 'a space in front', token: ` ${good}` },
  { name: 'a line break at the end', token: `${good}\n` },
  {
    name: 'a line break within',
    token: `${goodHeader}.${goodPayload.slice(0, 8)}\n${goodPayload.slice(8)}.${goodSignature}`,
  },
  { name: 'plain base64', token: plainBase64() },
  { name: 'unused bits set in the last character', token: unusedBits() },
  {
    name: 'the JSON serialization',
    token: JSON.stringify({ payload: goodPayload, protected: goodHeader, signature: goodSignature }),
  },
  withPayload('sub twice', text.replace('{', '{"sub":"spiffe://acme.internal/admin",')),
  withPayload('exp twice', text.replace('{', `{"exp":${now + 9000},`)),
  withPayload('another claim twice', text.replace('{', '{"x":1,"x":2,')),
  withPayload('SUB beside sub', text.replace('{', '{"SUB":"spiffe://acme.internal/admin",')),
  withPayload('SUB without sub', text.replace('"sub"', '"SUB"')),
  withPayload('a payload that is a list', '[]'),
  withPayload('a payload that is no JSON', 'no JSON'),
  withPayload('something after the payload', `${text} {}`),
  withPayload('white space around the payload', ` ${text} `),
  {
    name: 'a payload that is no UTF-8',
    token: token(es256, {
      claims: Buffer.concat([
        Buffer.from(text.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.of(0xff),
        Buffer.from('"}'),
      ]),
    }),
  },
  withPayload('a byte order mark before the payload', `\ufeff${text}`),
]

function plainBase64(): string {
  const payload = Buffer.from(JSON.stringify(claims({ x: '???>>>' })))
    .toString('base64')
    .replace(/=+$/, '')
  const input = `${goodHeader}.${payload}`
  return `${input}.${signatureOf(es256, input)}`
}

// 64 bytes fill 85 characters and two thirds of a bit pair: the last character has four bits to spare.
function unusedBits(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(good.at(-1) ?? '')
  return good.slice(0, -1) + alphabet[last ^ 1]
}

export const jwtCases: readonly JWTCase[] = [
  ...forms,
  ...algorithms,
  ...headers,
  ...subjects,
  ...audiences,
  ...times,
]
