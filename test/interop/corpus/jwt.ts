import { ALGORITHMS, encode, type Signer, signer, token } from '../../support/jwt.ts'
import { type JWTCase, Tokens } from './tokens.ts'

/** One signer for each algorithm. */
export const signers: readonly Signer[] = ALGORITHMS.map((alg) => signer(alg))

const algorithms = (tokens: Tokens): readonly JWTCase[] => [
  ...ALGORITHMS.map((alg) => ({ name: alg, token: token(signer(alg), { claims: tokens.claims() }) })),
  { name: 'alg none', token: `${encode({ alg: 'none' })}.${tokens.payload}.` },
  { name: 'HS256 with a public key as the secret', token: tokens.hmac() },
  {
    name: 'an algorithm in lower case',
    token: token(tokens.es256, { header: { alg: 'es256' }, claims: tokens.claims() }),
  },
  {
    name: 'the key of another algorithm',
    token: token(tokens.es256, { header: { kid: signer('ES384').kid }, claims: tokens.claims() }),
  },
  {
    name: 'RS256 by the key of PS256',
    token: token({ ...signer('PS256'), alg: 'RS256' }, { claims: tokens.claims() }),
  },
]

const headers = (tokens: Tokens): readonly JWTCase[] => [
  tokens.withHeader('typ JWT', { typ: 'JWT' }),
  tokens.withHeader('typ JOSE', { typ: 'JOSE' }),
  tokens.withHeader('typ in lower case', { typ: 'jwt' }),
  tokens.withHeader('typ of a WIT-SVID', { typ: 'wit+jwt' }),
  tokens.withHeader('typ that is no text', { typ: 1 }),
  tokens.withHeader('an empty typ', { typ: '' }),
  tokens.withHeader('no kid', { kid: undefined }),
  tokens.withHeader('an unknown kid', { kid: 'nobody' }),
  tokens.withHeader('an empty kid', { kid: '' }),
  tokens.withHeader('crit with an extension', { crit: ['exp'], exp: tokens.now }),
  tokens.withHeader('crit with b64', { crit: ['b64'], b64: true }),
  tokens.withHeader('an empty crit', { crit: [] }),
  tokens.withHeader('b64 without crit', { b64: true }),
  tokens.withHeader('a jku', { jku: 'https://evil.example/keys' }),
  tokens.withHeader('an unknown header', { x: 1 }),
  tokens.withHeader('alg twice', `{"alg":"ES256","alg":"ES256","kid":"${tokens.es256.kid}"}`),
  tokens.withHeader('a header that is a list', '[]'),
]

const subjects = (tokens: Tokens): readonly JWTCase[] => [
  tokens.withClaims('a subject without a path', { sub: 'spiffe://acme.internal' }),
  tokens.withClaims('a subject with an upper-case trust domain', { sub: 'spiffe://ACME.internal/checkout' }),
  tokens.withClaims('a subject with a trailing slash', { sub: 'spiffe://acme.internal/checkout/' }),
  tokens.withClaims('a subject that is no SPIFFE ID', { sub: 'checkout' }),
  tokens.withClaims('an empty subject', { sub: '' }),
  tokens.withClaims('no subject', { sub: undefined }),
  tokens.withClaims('a subject that is no text', { sub: 7 }),
  tokens.withClaims('a subject of a trust domain without a bundle', {
    sub: 'spiffe://nobody.example/checkout',
  }),
  tokens.withClaims('a subject of 2049 bytes', { sub: `spiffe://acme.internal/${'a'.repeat(2049 - 23)}` }),
]

const audiences = (tokens: Tokens): readonly JWTCase[] => [
  tokens.withClaims('an audience that is a text', { aud: 'orders' }),
  tokens.withClaims('several audiences, ours among them', { aud: ['billing', 'orders'] }),
  tokens.withClaims('another audience', { aud: ['billing'] }),
  tokens.withClaims('an audience in another case', { aud: ['Orders'] }),
  tokens.withClaims('no audience', { aud: undefined }),
  tokens.withClaims('an empty list of audiences', { aud: [] }),
  tokens.withClaims('an audience that is no text', { aud: ['orders', 7] }),
  tokens.withClaims('a null audience', { aud: null }),
  { name: 'one of several expected', token: tokens.good, audience: ['billing', 'orders'] },
]

const times = (tokens: Tokens): readonly JWTCase[] => [
  tokens.withClaims('expired an hour ago', { exp: tokens.now - 3600 }),
  tokens.withClaims('expired 35 s ago', { exp: tokens.now - 35 }),
  tokens.withClaims('expired 5 s ago', { exp: tokens.now - 5 }),
  tokens.withClaims('expires in the year 9999', { exp: 253_402_300_799 }),
  tokens.withClaims('no expiry', { exp: undefined }),
  tokens.withClaims('an expiry that is a text', { exp: String(tokens.now + 300) }),
  tokens.withClaims('an expiry with a fraction', { exp: tokens.now + 300.5 }),
  tokens.withClaims('a null expiry', { exp: null }),
  tokens.withPayload('an expiry in exponent notation', tokens.text.replace(/"exp":\d+/, '"exp":2e10')),
  tokens.withPayload('an expiry beyond any number', tokens.text.replace(/"exp":\d+/, '"exp":1e400')),
  tokens.withClaims('not valid for another hour', { nbf: tokens.now + 3600 }),
  tokens.withClaims('not valid for another 45 s', { nbf: tokens.now + 45 }),
  tokens.withClaims('not before that is a text', { nbf: 'now' }),
  tokens.withClaims('issued in an hour', { iat: tokens.now + 3600 }),
  tokens.withClaims('issued at a text', { iat: 'now' }),
  tokens.withClaims('no time of issue', { iat: undefined }),
]

const forms = (tokens: Tokens): readonly JWTCase[] => [
  { name: 'a good token', token: tokens.good },
  { name: 'an empty text', token: '' },
  { name: 'two parts', token: `${tokens.header}.${tokens.payload}` },
  { name: 'four parts', token: `${tokens.good}.` },
  { name: 'no signature', token: `${tokens.header}.${tokens.payload}.` },
  {
    name: 'the signature of another payload',
    token: `${tokens.header}.${encode(tokens.claims({ x: 1 }))}.${tokens.signature}`,
  },
  {
    name: 'a signature in DER',
    token: `${tokens.header}.${tokens.payload}.${Buffer.from('3006020101020101', 'hex').toString('base64url')}`,
  },
  {
    name: 'a signature of zeros',
    token: `${tokens.header}.${tokens.payload}.${Buffer.alloc(64).toString('base64url')}`,
  },
  { name: 'padding', token: `${tokens.good}==` },
  { name: 'a space in front', token: ` ${tokens.good}` },
  { name: 'a line break at the end', token: `${tokens.good}\n` },
  {
    name: 'a line break within',
    token: `${tokens.header}.${tokens.payload.slice(0, 8)}\n${tokens.payload.slice(8)}.${tokens.signature}`,
  },
  { name: 'plain base64', token: tokens.plainBase64() },
  { name: 'unused bits set in the last character', token: tokens.unusedBits() },
  {
    name: 'the JSON serialization',
    token: JSON.stringify({ payload: tokens.payload, protected: tokens.header, signature: tokens.signature }),
  },
  tokens.withPayload('sub twice', tokens.text.replace('{', '{"sub":"spiffe://acme.internal/admin",')),
  tokens.withPayload('exp twice', tokens.text.replace('{', `{"exp":${tokens.now + 9000},`)),
  tokens.withPayload('another claim twice', tokens.text.replace('{', '{"x":1,"x":2,')),
  tokens.withPayload('SUB beside sub', tokens.text.replace('{', '{"SUB":"spiffe://acme.internal/admin",')),
  tokens.withPayload('SUB without sub', tokens.text.replace('"sub"', '"SUB"')),
  tokens.withPayload('a payload that is a list', '[]'),
  tokens.withPayload('a payload that is no JSON', 'no JSON'),
  tokens.withPayload('something after the payload', `${tokens.text} {}`),
  tokens.withPayload('white space around the payload', ` ${tokens.text} `),
  tokens.withPayload(
    'a payload that is no UTF-8',
    Buffer.from(tokens.text.replace('}', ',"x":"\xff"}'), 'latin1'),
  ),
  tokens.withPayload('a byte order mark before the payload', `\ufeff${tokens.text}`),
]

/**
 * Good and bad tokens, for the audience `orders`, of a subject of `acme.internal`.
 *
 * @param es256 - Signs all but those of other algorithms.
 */
export function jwtCases(es256: Signer = signer('ES256')): readonly JWTCase[] {
  const tokens = new Tokens(es256)
  return [forms, algorithms, headers, subjects, audiences, times].flatMap((make) => make(tokens))
}
