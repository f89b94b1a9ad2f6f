import { describe, expect, it } from 'vitest'
import { encode, goodClaims, signatureOf, token } from '../../support/jwt.ts'
import { AUTHORITY, refusalOf, verdictOf } from './verdict-of.ts'

const good = token(AUTHORITY)
const [header = '', payload = '', signature = ''] = good.split('.')

/** A good token, its claims made so long that the payload has this many characters. */
function withPayloadOf(characters: number): string {
  const empty = encode(goodClaims({ filler: '' })).length
  for (let fill = Math.floor(((characters - empty) * 3) / 4) - 3; ; fill++) {
    const claims = goodClaims({ filler: 'x'.repeat(fill) })
    if (encode(claims).length >= characters) return token(AUTHORITY, { claims })
  }
}

describe('the compact form', () => {
  it('has three parts', async () => {
    expect(await verdictOf(good)).toBe('accepted')
  })

  it.each([
    ['nothing at all', ''],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.`],
    ['the five parts of an encrypted token', `${header}.${payload}.${signature}.${payload}.${signature}`],
    ['thousands of dots', '.'.repeat(70_000)],
    ['the flattened JSON serialization', JSON.stringify({ protected: header, payload, signature })],
    [
      'the general JSON serialization',
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    ],
  ])('is refused as %s', async (_, text) => {
    const refusal = await refusalOf(text)
    expect(refusal.code).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
    expect(refusal.message).toContain('exactly three parts')
  })

  it.each([
    ['a scheme before it', `Bearer ${good}`],
    ['a space before it', ` ${good}`],
    ['a line break after it', `${good}\n`],
  ])('is refused with %s', async (_, text) => {
    expect((await refusalOf(text)).code).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })

  it.each([
    ['a header', `.${payload}.${signature}`],
    ['a payload', `${header}..${signature}`],
  ])('is refused without %s', async (_, text) => {
    expect((await refusalOf(text)).code).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })

  it('is refused without a signature', async () => {
    expect(await verdictOf(`${header}.${payload}.`)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })

  it.each([
    ['padding', (part: string) => `${part}=`],
    ['the other alphabet', (part: string) => `${part.slice(0, -4)}+/+/`],
    ['a space', (part: string) => `${part.slice(0, 8)} ${part.slice(8)}`],
    [
      'a character too many',
      (part: string) => (part.length % 4 === 0 ? `${part}A` : `${part}${'A'.repeat(5 - (part.length % 4))}`),
    ],
    ['characters beyond ASCII', (part: string) => `${part}é`],
    ['a NUL', (part: string) => `${part}\0`],
  ])('is refused with %s in any part', async (_, break_) => {
    for (const text of [
      `${break_(header)}.${payload}.${signature}`,
      `${header}.${break_(payload)}.${signature}`,
      `${header}.${payload}.${break_(signature)}`,
    ]) {
      const refusal = await refusalOf(text)
      expect([refusal.code, refusal.rule]).toEqual(['ERR_SPIFFE_JWT_SVID_MALFORMED', 'RFC 7515 §2'])
    }
  })

  it('is refused with bits that stand for nothing, even where they are signed', async () => {
    // 64 bytes end in a character of which four bits are unused.
    const last = signature.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const other = alphabet[alphabet.indexOf(last) + 1] ?? ''
    expect(Buffer.from(signature.slice(0, -1) + other, 'base64url')).toEqual(
      Buffer.from(signature, 'base64url'),
    )
    expect(await verdictOf(good.slice(0, -1) + other)).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })
})

describe('sizes', () => {
  it('are bounded for the payload', async () => {
    expect(await verdictOf(withPayloadOf(64 * 1024))).toBe('accepted')
    expect(await verdictOf(withPayloadOf(64 * 1024 + 1))).toBe('ERR_SPIFFE_JWT_SVID_TOO_LARGE')
  })

  it('are bounded for the header', async () => {
    const room = (8 * 1024 * 3) / 4 - JSON.stringify({ alg: 'ES256', kid: AUTHORITY.kid, x: '' }).length
    const withHeader = (x: number) => token(AUTHORITY, { header: { x: 'x'.repeat(x) } })
    expect(await verdictOf(withHeader(room))).toBe('accepted')
    expect(await verdictOf(withHeader(room + 1))).toBe('ERR_SPIFFE_JWT_SVID_TOO_LARGE')
  })

  it('are bounded for the signature', async () => {
    const input = `${header}.${payload}.`
    expect(await verdictOf(input + 'A'.repeat(2731))).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    expect(await verdictOf(input + 'A'.repeat(2732))).toBe('ERR_SPIFFE_JWT_SVID_TOO_LARGE')
  })

  it('are bounded for the whole before it is taken apart', async () => {
    const refusal = await refusalOf('x'.repeat(100_000))
    expect(refusal.code).toBe('ERR_SPIFFE_JWT_SVID_TOO_LARGE')
    expect(refusal.message).toContain('the token has 100000 characters')
  })
})

it('signs over what was sent, not over what it means', async () => {
  const spaced = `${encode(`{ "alg":"ES256", "kid":"${AUTHORITY.kid}" }`)}.${payload}`
  expect(await verdictOf(`${spaced}.${signatureOf(AUTHORITY, spaced)}`)).toBe('accepted')
  expect(await verdictOf(`${spaced}.${signature}`)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
})
