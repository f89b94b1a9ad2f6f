import { type Part, type Signer, signatureOf, signer, token } from '../../support/jwt.ts'
import type { Random } from './random.ts'

// Far from every limit: the validators judge by the time of the machine, some time later.
const now = Math.floor(Date.now() / 1000)

type Changes = readonly [Readonly<Record<string, unknown>>, ...Readonly<Record<string, unknown>>[]]

const headerChanges: Changes = [
  { typ: 'JWT' },
  { typ: 'JOSE' },
  { typ: 'jwt' },
  { typ: 'wit+jwt' },
  { typ: 7 },
  { kid: undefined },
  { kid: 'nobody' },
  { kid: 7 },
  { kid: 'key-ES384' },
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: 'EdDSA' },
  { alg: 'ES384' },
  { alg: undefined },
  { crit: ['exp'] },
  { crit: ['b64'], b64: true },
  { crit: ['b64'], b64: false },
  { b64: false },
  { jku: 'https://evil.example' },
  { jwk: { kty: 'oct', k: 'AA' } },
  { x: { y: [1, 2, 3] } },
]

const claimChanges: Changes = [
  { sub: 'spiffe://acme.internal' },
  { sub: 'spiffe://acme.internal/a/b/c' },
  { sub: 'spiffe://ACME.internal/x' },
  { sub: 'spiffe://acme.internal/' },
  { sub: 'spiffe://acme.internal/a//b' },
  { sub: 'spiffe://partner.example/x' },
  { sub: 'x' },
  { sub: '' },
  { sub: undefined },
  { sub: ['spiffe://acme.internal/checkout'] },
  { aud: 'orders' },
  { aud: ['billing', 'orders'] },
  { aud: ['billing'] },
  { aud: 'order' },
  { aud: [] },
  { aud: undefined },
  { aud: [7] },
  { exp: now - 3600 },
  { exp: now + 1e9 },
  { exp: now + 9000.25 },
  { exp: -1 },
  { exp: String(now + 9000) },
  { exp: undefined },
  { exp: null },
  { exp: true },
  { nbf: now - 5 },
  { nbf: now + 3600 },
  { nbf: 'x' },
  { iat: now - 86_400 },
  { iat: now + 3600 },
  { iat: 'x' },
  { iat: undefined },
  { jti: 'x', nested: { a: [null, true, 1.5, 'ü'] } },
]

const signers: readonly [Signer, ...Signer[]] = [
  signer('ES256'),
  signer('ES256'),
  signer('ES256'),
  signer('ES384'),
  signer('ES512'),
  signer('RS256'),
  signer('PS256'),
  signer('PS512'),
]

/** The signers whose keys are to be trusted. */
export const trustedSigners: readonly Signer[] = [...new Set(signers)]

function changed(random: Random, base: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  const picked = []
  while (picked.length < 3 && random.chance(0.4)) picked.push(random.pick(changes))
  return Object.assign(base, ...picked)
}

/** Writes an object with one of its members twice, now and then, or with white space. */
function written(random: Random, part: Record<string, unknown>): Part {
  const text = JSON.stringify(part)
  if (random.chance(0.02)) return text.replace('{', `{${text.slice(1, -1)},`)
  if (random.chance(0.02)) return ` ${text.replaceAll(',', ' ,\n ')}\t`
  return text
}

/** A token, good or with changes of its header, its claims, its signature or its characters. */
export function generateToken(random: Random): string {
  const by = random.pick(signers)
  const header = changed(random, { alg: by.alg, kid: by.kid }, headerChanges)
  const claims = { sub: 'spiffe://acme.internal/checkout', aud: ['orders'], exp: now + 9000, iat: now }
  const good = token(by, {
    header: written(random, header),
    claims: written(random, changed(random, claims, claimChanges)),
  })
  if (random.chance(0.05)) return resigned(good, random.pick(signers))
  return random.chance(0.15) ? misspelled(good, random) : good
}

function resigned(good: string, by: Signer): string {
  const input = good.slice(0, good.lastIndexOf('.'))
  return `${input}.${signatureOf(by, input)}`
}

const characters = 'ABCabc012-_.=+/ \n{"é\0'

function misspelled(good: string, random: Random): string {
  const at = random.below(good.length + 1)
  const character = characters[random.below(characters.length)] ?? ''
  const skip = random.below(3) - 1
  return good.slice(0, at) + (skip < 0 ? '' : character) + good.slice(at + Math.abs(skip))
}
