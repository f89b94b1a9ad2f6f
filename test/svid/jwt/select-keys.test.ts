import { constants, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { JWTBundle } from '../../../src/bundle/index.ts'
import { ALGORITHMS, bundleOf, encode, goodClaims, type Signer, signer, token } from '../../support/jwt.ts'
import { rsaKeyPair } from '../../support/key-pair.ts'
import { refusalOf, verdictOf } from './verdict-of.ts'

const ID = 'spiffe://acme.internal/checkout'

/** The public key of a signer as a JWK. */
const jwkOf = ({ kid, publicKey }: Signer, members: Record<string, unknown> = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  ...members,
})
const parse = (...keys: readonly unknown[]) => JWTBundle.parse('acme.internal', JSON.stringify({ keys }))

describe('with a kid', () => {
  const first = signer('ES256', 'first')
  const second = signer('ES256', 'second')

  it('takes the key of that kid and no other', async () => {
    const bundle = bundleOf('acme.internal', first, second)
    for (const authority of [first, second]) {
      expect(await verdictOf(token(authority), {}, bundle)).toBe('accepted')
    }
    const swapped = token(first, { header: { kid: second.kid } })
    expect(await verdictOf(swapped, {}, bundle)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })

  it.each(['third', 'First', 'first ', '', '__proto__', 'constructor'])(
    'never falls back from "%s"',
    async (kid) => {
      const bundle = bundleOf('acme.internal', first)
      expect(await verdictOf(token(first), {}, bundle)).toBe('accepted')
      const refusal = await refusalOf(token(first, { header: { kid } }), {}, bundle)
      expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND', ID])
    },
  )
})

describe('without a kid', () => {
  const without = (by: Signer) => token(by, { header: { kid: undefined } })
  const many = (count: number) => Array.from({ length: count }, (_, at) => signer('ES256', `many-${at}`))

  it('tries the keys that fit, whatever their place', async () => {
    const [a, b, c] = [signer('RS256'), signer('ES256', 'first'), signer('ES256', 'second')]
    const bundle = bundleOf('acme.internal', a, b, c)
    for (const authority of [a, b, c])
      expect(await verdictOf(without(authority), {}, bundle)).toBe('accepted')
    const mallory = signer('ES256', 'mallory')
    expect(await verdictOf(without(mallory), {}, bundle)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    expect(await verdictOf(without(signer('ES384')), {}, bundle)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
  })

  it('tries no more than 16', async () => {
    const others = [signer('ES384'), signer('RS256')]
    const sixteen = many(16)
    const last = sixteen[15] ?? signer('ES256')
    expect(await verdictOf(without(last), {}, bundleOf('acme.internal', ...others, ...sixteen))).toBe(
      'accepted',
    )
    const seventeen = bundleOf('acme.internal', ...others, ...many(17))
    const refusal = await refusalOf(without(last), {}, seventeen)
    expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_KEY_AMBIGUOUS', ID])
    expect(refusal.remedy).toContain('kid')
    expect(await verdictOf(token(last), {}, seventeen)).toBe('accepted')
  })

  it('tries no key that is bound to another algorithm', async () => {
    const rsa = signer('RS256')
    const bundle = parse(jwkOf(rsa, { alg: 'RS256' }))
    expect(await verdictOf(without(rsa), {}, bundle)).toBe('accepted')
    expect(await verdictOf(without({ ...rsa, alg: 'PS256' }), {}, bundle)).toBe(
      'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND',
    )
  })
})

describe('the algorithm and the kind of key', () => {
  const kinds = ['RS256', 'ES256', 'ES384', 'ES512'].map((alg) => signer(alg))

  /** A token of an algorithm under the `kid` of a key, signed with that key as well as it can be. */
  function mixed(alg: string, { kid, privateKey }: Signer): string {
    const input = `${encode({ alg, kid })}.${encode(goodClaims())}`
    const isRSA = privateKey.asymmetricKeyType === 'rsa'
    const options =
      isRSA && alg.startsWith('PS')
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 }
        : {}
    const signature = sign(`sha${alg.slice(2)}`, Buffer.from(input), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
      ...options,
    })
    return `${input}.${signature.toString('base64url')}`
  }

  it.each(ALGORITHMS)('fit for %s with its own kind alone', async (alg) => {
    const bundle = bundleOf('acme.internal', ...kinds)
    const fit = kinds.filter((authority) =>
      alg.startsWith('ES') ? authority.alg === alg : authority.alg === 'RS256',
    )
    expect(fit).toHaveLength(1)
    for (const authority of kinds) {
      expect(await verdictOf(mixed(alg, authority), {}, bundle)).toBe(
        fit.includes(authority) ? 'accepted' : 'ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE',
      )
    }
  })

  it('have to be those that the publisher of the key bound together', async () => {
    const rsa = signer('PS384')
    for (const alg of [undefined, 'PS384']) {
      expect(await verdictOf(token(rsa), {}, parse(jwkOf(rsa, { alg })))).toBe('accepted')
    }
    for (const alg of ['PS256', 'RS384', 'RSA-OAEP', 'ps384']) {
      const refusal = await refusalOf(token(rsa), {}, parse(jwkOf(rsa, { alg })))
      expect([refusal.code, refusal.spiffeID]).toEqual(['ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE', ID])
    }
  })
})

describe('a weak key', () => {
  const bundleWith = (key: KeyObject) => () => JWTBundle.fromJWTAuthorities('acme.internal', [['k', key]])
  const jwk = (e: string) =>
    createPublicKey({ format: 'jwk', key: { ...signer('RS256').publicKey.export({ format: 'jwk' }), e } })

  it('gets into no bundle', () => {
    expect(bundleWith(jwk('AQAB'))).not.toThrow()
    expect(bundleWith(jwk('Aw'))).not.toThrow()
    const short = rsaKeyPair(1024).publicKey
    for (const key of [jwk('AQ'), jwk('Ag'), jwk('AQAA'), short, signer('RS256').privateKey]) {
      expect(bundleWith(key)).toThrow()
    }
  })

  it('verifies nothing where a JWK Set brings it', async () => {
    // Under an exponent of 1, whatever has the right padding is its own signature.
    const rsa = signer('RS256')
    for (const e of ['AQ', 'Ag']) {
      expect(await verdictOf(token(rsa), {}, parse(jwkOf(rsa, { e })))).toBe(
        'ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY',
      )
    }
    expect(await verdictOf(token(rsa), {}, parse(jwkOf(rsa)))).toBe('accepted')
  })
})

it('makes no key of a set that a token does not need', async () => {
  const rsa = signer('RS256')
  const bundle = parse(jwkOf(rsa), jwkOf(signer('ES256')), jwkOf(signer('ES384'), { x: 'AAAA' }))
  expect(await verdictOf(token(rsa), {}, bundle)).toBe('accepted')
})
