import fc from 'fast-check'
import * as jose from 'jose'
import { expect, test } from 'vitest'
import { SpiffeError } from '../../../src/errors.ts'
import { type JWTSVID, parseAndValidate } from '../../../src/svid/jwt/index.ts'
import { fuzzRuns } from '../../support/fuzz.ts'
import {
  bundleOf,
  encode,
  goodClaims,
  NOW,
  NOW_SECONDS,
  signatureOf,
  signer,
  token,
} from '../../support/jwt.ts'

// RSA verifies fastest, and what is tried here is the reading.
const RSA = signer('RS256')
const CURVE = signer('ES256')
const BUNDLE = bundleOf('acme.internal', RSA, CURVE)

/** The SVID of a token, or `undefined` where it is refused, which has to be by an error of ours. */
async function accept(text: string): Promise<JWTSVID | undefined> {
  try {
    return await parseAndValidate(text, BUNDLE, 'orders', { now: NOW })
  } catch (error) {
    expect(error).toBeInstanceOf(SpiffeError)
    return undefined
  }
}

/** What is signed of a token, and the rest. */
const signedPart = (text: string) => text.slice(0, text.lastIndexOf('.'))

/** One of these values mostly, and any JSON now and then. */
const mostly = (...values: readonly unknown[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: fc.jsonValue() })

test('refuses whatever text is no token, and by an error of ours', async () => {
  const part = fc.string({ unit: fc.constantFrom(...'AZaz09-_+/=. \n\0é'), maxLength: 40 })
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    part,
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(text, async (input) => {
      expect(await accept(input)).toBeUndefined()
    }),
    fuzzRuns(),
  )
})

test('accepts no mutant of a token whose signed bytes changed', async () => {
  const good = [
    token(RSA, { header: { typ: 'JWT' } }),
    token(CURVE),
    token(RSA, { header: { kid: undefined } }),
  ]
  for (const text of good) expect(await accept(text)).toBeDefined()
  const edit = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.string({ unit: fc.constantFrom(...'AZaz09-_.=+/ \0'), maxLength: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...good),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      async (text, edits) => {
        const mutant = edits.reduce((before, [place, removed, inserted]) => {
          const at = place % (before.length + 1)
          return before.slice(0, at) + inserted + before.slice(at + removed)
        }, text)
        if ((await accept(mutant)) !== undefined) expect(signedPart(mutant)).toBe(signedPart(text))
      },
    ),
    fuzzRuns(),
  )
})

test('accepts of what an authority signs no more than what the claims allow, and shows them as they are', async () => {
  const header = fc.record(
    {
      alg: mostly('RS256'),
      kid: mostly(RSA.kid),
      typ: mostly('JWT', 'JOSE'),
      crit: mostly([], ['exp']),
      jwk: mostly({}),
    },
    { requiredKeys: ['alg'] },
  )
  const claims = fc.record(
    {
      sub: mostly(
        'spiffe://acme.internal/checkout',
        'spiffe://other.test/checkout',
        'spiffe://acme.internal',
      ),
      aud: mostly('orders', ['orders'], ['x', 'orders'], 'x', []),
      exp: mostly(NOW_SECONDS, NOW_SECONDS - 30, NOW_SECONDS + 1, 1e300),
      nbf: mostly(NOW_SECONDS, NOW_SECONDS + 30, NOW_SECONDS + 31),
      iat: mostly(NOW_SECONDS),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(header, claims, async (header, claims) => {
      const input = `${encode(header)}.${encode(claims)}`
      const svid = await accept(`${input}.${signatureOf(RSA, input)}`)
      if (svid === undefined) return
      expect(header.alg).toBe('RS256')
      expect(header).not.toHaveProperty('crit')
      expect(svid.id.uri).toBe(claims.sub)
      expect(svid.id.trustDomain.name).toBe('acme.internal')
      expect([claims.aud].flat()).toContain('orders')
      expect(claims.exp).toBeGreaterThan(NOW_SECONDS - 30)
      if (claims.nbf !== undefined) expect(claims.nbf).toBeLessThanOrEqual(NOW_SECONDS + 30)
      expect(svid.claims).toEqual(JSON.parse(JSON.stringify(claims)))
    }),
    fuzzRuns(1 / 10),
  )
})

test('agrees with jose on signature, expiry, start and audience', async () => {
  const keys = new Map([RSA, CURVE].map((authority) => [authority.kid, authority.publicKey]))
  const acceptedByJose = (text: string) =>
    jose
      .jwtVerify(text, ({ kid }) => keys.get(kid ?? '') ?? Promise.reject(new Error('no key')), {
        audience: 'orders',
        clockTolerance: 30,
        currentDate: NOW,
        algorithms: ['RS256', 'ES256', 'PS256'],
        requiredClaims: ['exp', 'sub'],
      })
      .then(
        () => true,
        () => false,
      )
  const claims = fc
    .record({
      exp: fc.constantFrom(
        NOW_SECONDS - 31,
        NOW_SECONDS - 30,
        NOW_SECONDS - 29,
        NOW_SECONDS + 1,
        '1',
        undefined,
      ),
      nbf: fc.constantFrom(NOW_SECONDS + 29, NOW_SECONDS + 30, NOW_SECONDS + 31, '1', undefined),
      aud: fc.constantFrom('orders', ['x', 'orders'], 'x', [], undefined),
    })
    .map(goodClaims)
  await fc.assert(
    fc.asyncProperty(
      claims,
      fc.constantFrom(
        RSA,
        CURVE,
        { ...RSA, alg: 'PS256' },
        { ...RSA, kid: CURVE.kid },
        { ...CURVE, kid: 'x' },
      ),
      fc.boolean(),
      async (claims, by, isForged) => {
        const good = token(by, { claims })
        const text = isForged ? `${signedPart(good)}.${signatureOf(by, 'something else')}` : good
        expect((await accept(text)) !== undefined).toBe(await acceptedByJose(text))
      },
    ),
    fuzzRuns(1 / 10),
  )
})
