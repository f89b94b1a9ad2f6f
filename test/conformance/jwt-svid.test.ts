import { sign } from 'node:crypto'
import { Metadata } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { JWTBundle, JWTBundleSet, SpiffeBundle } from '../../src/bundle/index.ts'
import { SpiffeError } from '../../src/errors.ts'
import { authenticateBearer } from '../../src/http/index.ts'
import { jwtsvid } from '../../src/svid/index.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { attach, authorizeMemberOf, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { TokenCache } from '../../src/workloadapi/token-cache.ts'
import {
  ALGORITHMS,
  bundleOf,
  encode,
  goodClaims,
  NOW,
  NOW_SECONDS,
  type Part,
  type Signer,
  signatureOf,
  signer,
  token,
} from '../support/jwt.ts'
import { rsaKeyPair } from '../support/key-pair.ts'
import { mint } from '../support/mint.ts'
import { AUTHORITY, BUNDLE, refusalOf, verdictOf } from '../svid/jwt/verdict-of.ts'
import { createServer, Running } from '../tlsconfig/support/servers.ts'
import { visit } from '../tlsconfig/support/visitors.ts'
import {
  credentialsOf,
  issuerA,
  leafA,
  ID as SERVER_AND_CLIENT,
  sourceFor,
} from '../tlsconfig/support/world.ts'

const ID = 'spiffe://acme.internal/checkout'
const GOOD = token(AUTHORITY)
const [HEADER = '', PAYLOAD = '', SIGNATURE = ''] = GOOD.split('.')

/** The verdict on a good token with changes to its header. */
const header = (changes: Part) => verdictOf(token(AUTHORITY, { header: changes }))

/** The verdict on a good token with changes to its claims. */
const claims = (changes: Readonly<Record<string, unknown>>) =>
  verdictOf(token(AUTHORITY, { claims: goodClaims(changes) }))

/** The public key of a signer as a JWK. */
const jwkOf = ({ kid, publicKey }: Signer, members: Readonly<Record<string, unknown>> = {}) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  ...members,
})

/** The bundle of these JWKs, as the Workload API sends it. */
const bundleOfJWKs = (...keys: readonly unknown[]) =>
  JWTBundle.parse('acme.internal', JSON.stringify({ keys }))

/** A time so many seconds after the one that good tokens are valid at. */
const secondsOn = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

describe('JWT-SVID', () => {
  it.each([
    ['two parts', `${HEADER}.${PAYLOAD}`],
    ['four parts', `${GOOD}.${SIGNATURE}`],
    ['five parts, encrypted', `${HEADER}.${PAYLOAD}.${SIGNATURE}.${PAYLOAD}.${SIGNATURE}`],
    ['flattened JSON', JSON.stringify({ protected: HEADER, payload: PAYLOAD, signature: SIGNATURE })],
    [
      'general JSON',
      JSON.stringify({ payload: PAYLOAD, signatures: [{ protected: HEADER, signature: SIGNATURE }] }),
    ],
  ])('JS-1-1, B-38: the compact form alone, so not %s', async (_, text) => {
    expect(await verdictOf(GOOD)).toBe('accepted')
    expect(await verdictOf(text)).toBe('ERR_SPIFFE_JWT_SVID_MALFORMED')
  })

  it.each(ALGORITHMS)('JS-2.1-1: %s is one of the nine algorithms', async (alg) => {
    const authority = signer(alg)
    expect(await verdictOf(token(authority), {}, bundleOf('acme.internal', authority))).toBe('accepted')
  })

  it.each([undefined, 'none', 'HS256', 'HS384', 'HS512', 'EdDSA', 'ES256K', 'es256', 'RS1', '', 256])(
    'JS-2.1-1, B-38: no other algorithm, so not %j',
    async (alg) => {
      expect(await header({ alg: 'ES256' })).toBe('accepted')
      expect(await header({ alg })).toBe('ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED')
    },
  )

  it('JS-2.2-1: without a kid the fitting keys are tried, with one only the key of that kid', async () => {
    const other = signer('ES256', 'other')
    const bundle = bundleOf('acme.internal', signer('RS256'), other, AUTHORITY)
    for (const [kid, verdict] of [
      [AUTHORITY.kid, 'accepted'],
      [undefined, 'accepted'],
      [other.kid, 'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID'],
      ['unknown', 'ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND'],
    ] as const) {
      expect(await verdictOf(token(AUTHORITY, { header: { kid } }), {}, bundle)).toBe(verdict)
    }
    const forged = token(signer('ES256', 'mallory'), { header: { kid: undefined } })
    expect(await verdictOf(forged, {}, bundle)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
  })

  it.each(['at+jwt', 'wit+jwt', 'wpt+jwt', '', 'jwt', 'application/jwt', null, 1])(
    'JS-2.3-1, B-41: typ is JWT, JOSE or absent, so not %j',
    async (typ) => {
      for (const good of ['JWT', 'JOSE', undefined]) expect(await header({ typ: good })).toBe('accepted')
      expect(await header({ typ })).toBe('ERR_SPIFFE_JWT_SVID_TYPE_UNSUPPORTED')
    },
  )

  it('JS-3-1: other claims are handed on as they are', async () => {
    const others = { jti: 'x', iss: 'https://acme.test', 'https://acme.test/role': { of: ['a', 1, null] } }
    const svid = await jwtsvid.parseAndValidate(
      token(AUTHORITY, { claims: goodClaims(others) }),
      BUNDLE,
      'orders',
      {
        now: NOW,
      },
    )
    expect(svid.claims).toMatchObject(others)
  })

  it.each([
    undefined,
    '',
    null,
    1,
    [ID],
    'checkout',
    'https://acme.internal/checkout',
    'spiffe://ACME/x',
    `${ID}/`,
  ])('JS-3.1-1: sub is the SPIFFE ID, so not %j', async (sub) => {
    expect(await claims({ sub: ID })).toBe('accepted')
    expect(await claims({ sub })).toBe('ERR_SPIFFE_JWT_SVID_SUBJECT_INVALID')
  })

  it.each([[undefined], [[]], [null], [1], [{}]])(
    'JS-3.2-1, B-34: aud has a value, so not %j',
    async (aud) => {
      for (const good of ['orders', ['orders'], ['x', 'orders']]) {
        expect(await claims({ aud: good })).toBe('accepted')
      }
      expect(await claims({ aud })).toBe('ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID')
    },
  )

  it.each(['payments', 'Orders', 'orders/', 'orders ', 'order', ''])(
    'JS-3.2-2: aud names who validates, to the letter, so not %j',
    async (aud) => {
      expect(await claims({ aud: 'orders' })).toBe('accepted')
      expect(await claims({ aud })).toBe('ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH')
      expect(await claims({ aud: [aud, 'orders'] })).toBe('accepted')
    },
  )

  it('JS-3.2-2: one of several expected is enough, unless all are asked for', async () => {
    const validate = (audienceMatch: 'any' | 'all', ...expected: [string, ...string[]]) =>
      jwtsvid
        .parseAndValidate(token(AUTHORITY, { claims: goodClaims({ aud: ['a', 'b'] }) }), BUNDLE, expected, {
          now: NOW,
          audienceMatch,
        })
        .then(
          () => true,
          () => false,
        )
    expect(await validate('any', 'b', 'c')).toBe(true)
    expect(await validate('any', 'c', 'd')).toBe(false)
    expect(await validate('all', 'b', 'a')).toBe(true)
    expect(await validate('all', 'b', 'c')).toBe(false)
  })

  it.each([undefined, null, '', String(NOW_SECONDS + 300), true, [NOW_SECONDS + 300]])(
    'JS-3.3-1, B-32: exp is a number, so not %j',
    async (exp) => {
      expect(await claims({ exp: NOW_SECONDS + 300 })).toBe('accepted')
      expect(await claims({ exp: NOW_SECONDS + 300.5 })).toBe('accepted')
      expect(await claims({ exp })).toBe('ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID')
    },
  )

  it.each([NOW_SECONDS + 100 * 365 * 86_400, 253_402_300_800, Number.MAX_SAFE_INTEGER, 1e300])(
    'JS-3.3-2: a token may live until %d',
    async (exp) => {
      expect(await claims({ exp })).toBe('accepted')
    },
  )

  it('JS-4-1: an algorithm that is not supported ends it before claims, bundle and signature', async () => {
    const asked: string[] = []
    const source = {
      getJWTBundle: () => {
        asked.push('bundle')
        return BUNDLE
      },
    }
    expect(await verdictOf(GOOD, {}, source)).toBe('accepted')
    expect(asked).toEqual(['bundle'])
    for (const broken of ['{', goodClaims({ sub: 1 }), goodClaims({ exp: 0 }), goodClaims()]) {
      const text = token(AUTHORITY, { header: { alg: 'HS256', kid: 'unknown', typ: 'x' }, claims: broken })
      expect(await verdictOf(text, {}, source)).toBe('ERR_SPIFFE_JWT_SVID_ALGORITHM_UNSUPPORTED')
    }
    expect(asked).toEqual(['bundle'])
  })

  it('JS-4-2: a signature with a bit turned, in DER, of other text or of another key is refused', async () => {
    const input = `${HEADER}.${PAYLOAD}`
    const turned = Buffer.from(SIGNATURE, 'base64url')
    turned[10] = (turned[10] ?? 0) ^ 4
    const other = encode(goodClaims({ sub: 'spiffe://acme.internal/admin' }))
    expect(await verdictOf(`${input}.${signatureOf(AUTHORITY, input)}`)).toBe('accepted')
    for (const text of [
      `${input}.${turned.toString('base64url')}`,
      `${input}.${sign('sha256', Buffer.from(input), AUTHORITY.privateKey).toString('base64url')}`,
      `${HEADER}.${other}.${SIGNATURE}`,
      `${input}.${signatureOf(signer('ES256', 'mallory'), input)}`,
      `${input}.`,
    ]) {
      expect(await verdictOf(text)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    }
  })

  it('JS-4-2: at exp a token has expired, by RFC 7519', async () => {
    const exp = NOW_SECONDS + 300
    const text = token(AUTHORITY, { claims: goodClaims({ exp }) })
    expect(await verdictOf(text, { now: secondsOn(299.999), leewaySeconds: 0 })).toBe('accepted')
    expect(await verdictOf(text, { now: secondsOn(300), leewaySeconds: 0 })).toBe(
      'ERR_SPIFFE_JWT_SVID_EXPIRED',
    )
  })

  it('JS-4-3: before nbf a token is not valid yet', async () => {
    const text = token(AUTHORITY, { claims: goodClaims({ nbf: NOW_SECONDS + 60 }) })
    expect(await verdictOf(text, { now: secondsOn(60), leewaySeconds: 0 })).toBe('accepted')
    expect(await verdictOf(text, { now: secondsOn(59.999), leewaySeconds: 0 })).toBe(
      'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID',
    )
    expect(await verdictOf(text)).toBe('ERR_SPIFFE_JWT_SVID_NOT_YET_VALID')
  })

  it.each([
    { crit: ['x'], x: 1 },
    { crit: ['exp'] },
    { crit: [] },
    { crit: ['b64'], b64: false },
    { b64: false },
  ])('JS-4-3, B-38: no extension of the header is understood, so not %j', async (extension) => {
    expect(await header({ x: 1 })).toBe('accepted')
    expect(await header(extension)).toBe('ERR_SPIFFE_JWT_SVID_HEADER_CRITICAL')
  })

  it('JS-5.2-1: over HTTP the token is behind Bearer in Authorization', async () => {
    const authenticate = (headers: Record<string, string>) =>
      authenticateBearer(headers, BUNDLE, { audience: 'orders', authorize: () => true, now: NOW })
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const { id } = await authenticate({ authorization: `${scheme} ${GOOD}` })
      expect(id.uri).toBe(ID)
    }
    await expect(authenticate({ authorization: `Basic ${GOOD}` })).rejects.toMatchObject({ status: 401 })
    await expect(authenticate({ authorization: GOOD })).rejects.toMatchObject({ status: 401 })
    await expect(authenticate({ 'x-authorization': `Bearer ${GOOD}` })).rejects.toMatchObject({ status: 401 })
  })

  it('JS-5.3-1: over gRPC the token is behind Bearer in the metadata authorization', async () => {
    const authenticate = (name: string, value: string) => {
      const metadata = new Metadata()
      metadata.set(name, value)
      const options = { audience: 'orders', authorize: () => true, now: NOW }
      return authenticateBearer(metadata.toHttp2Headers() as Record<string, string[]>, BUNDLE, options)
    }
    expect((await authenticate('authorization', `Bearer ${GOOD}`)).id.uri).toBe(ID)
    await expect(authenticate('authorization', GOOD)).rejects.toMatchObject({ status: 401 })
    await expect(authenticate('token', `Bearer ${GOOD}`)).rejects.toMatchObject({ status: 401 })
  })

  it('JS-6.2-1: a key of a SPIFFE bundle verifies tokens only where its use is jwt-svid', async () => {
    const verdict = (use: string | undefined) => {
      const keys = [jwkOf(AUTHORITY, { use }), jwkOf(signer('ES256', 'other'), { use: 'jwt-svid' })]
      return verdictOf(GOOD, {}, SpiffeBundle.parse('acme.internal', JSON.stringify({ keys })))
    }
    expect(await verdict('jwt-svid')).toBe('accepted')
    for (const use of ['x509-svid', 'wit-svid', 'JWT-SVID', 'sig', '', undefined]) {
      expect(await verdict(use)).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
    }
  })

  it('JS-6.2-2: a trust domain without JWT authorities is told from one that is not trusted', async () => {
    const parse = (keys: readonly unknown[]) => SpiffeBundle.parse('acme.internal', JSON.stringify({ keys }))
    expect(await verdictOf(GOOD, {}, parse([jwkOf(AUTHORITY, { use: 'jwt-svid' })]))).toBe('accepted')
    expect(await verdictOf(GOOD, {}, parse([jwkOf(AUTHORITY, { use: 'wit-svid' })]))).toBe(
      'ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY',
    )
    expect(await verdictOf(GOOD, {}, JWTBundleSet.from([]))).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_MISSING')
  })

  it('JS-7.1-1: a token with a jti is validated as often as it comes', async () => {
    const text = token(AUTHORITY, { claims: goodClaims({ jti: 'once' }) })
    expect(await verdictOf(text)).toBe('accepted')
    expect(await verdictOf(text)).toBe('accepted')
  })

  it.each([
    [299, undefined, 'accepted'],
    [329.999, undefined, 'accepted'],
    [330, undefined, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    [300, 0, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    [419.999, 120, 'accepted'],
    [420, 120, 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
  ])('JS-A-1, B-36: %d s into 300, a leeway of %j s: %s', async (seconds, leewaySeconds, verdict) => {
    expect(await verdictOf(GOOD, { now: secondsOn(seconds), leewaySeconds })).toBe(verdict)
  })

  it.each([[''], [[]], [['']], [undefined]])(
    'JS-A-1, B-34: to expect the audience %j is a mistake',
    async (none) => {
      const validate = (audiences: unknown) =>
        jwtsvid.parseAndValidate(GOOD, BUNDLE, audiences as string, { now: NOW })
      await expect(validate('orders')).resolves.toBeDefined()
      await expect(validate(none)).rejects.toThrow(TypeError)
      expect(() => jwtsvid.parseInsecure(GOOD, none as string, { now: NOW })).toThrow(TypeError)
    },
  )

  it('JS-S-1: the smallest token of the schema is valid: alg, sub, one aud, a whole exp', async () => {
    const smallest = token(AUTHORITY, {
      header: { kid: undefined },
      claims: { sub: ID, aud: 'orders', exp: NOW_SECONDS + 300 },
    })
    expect(await verdictOf(smallest)).toBe('accepted')
    for (const left of ['sub', 'aud', 'exp']) {
      const part: Record<string, unknown> = { sub: ID, aud: 'orders', exp: NOW_SECONDS + 300 }
      delete part[left]
      expect(await verdictOf(token(AUTHORITY, { claims: part }))).toMatch(/_INVALID$/)
    }
  })
})

describe('what others have learnt about JWT-SVIDs', () => {
  it.each([
    ['-1', 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['0', 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['1.5', 'ERR_SPIFFE_JWT_SVID_EXPIRED'],
    ['-1e400', 'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID'],
    ['1e400', 'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID'],
    ['"never"', 'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID'],
    ['null', 'ERR_SPIFFE_JWT_SVID_EXPIRY_INVALID'],
    ['NaN', 'ERR_SPIFFE_JWT_SVID_MALFORMED'],
    ['1e30', 'accepted'],
    [`${NOW_SECONDS}.5`, 'accepted'],
  ])('B-32: an expiry of %s is judged: %s', async (exp, verdict) => {
    const text = token(AUTHORITY, { claims: `{"sub":"${ID}","aud":"orders","exp":${exp}}` })
    expect(await verdictOf(text)).toBe(verdict)
    const insecure = () => jwtsvid.parseInsecure(text, 'orders', { now: NOW })
    if (verdict === 'accepted') expect(insecure()).toBeDefined()
    else expect(insecure).toThrow(expect.objectContaining({ code: verdict }))
  })

  it.each([
    ['orders', 'accepted'],
    [['orders', 'orders'], 'accepted'],
    [['', 'orders'], 'accepted'],
    ['', 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH'],
    [[''], 'ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH'],
    [['orders', 1], 'ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID'],
    [['orders', null], 'ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID'],
    [{ orders: true }, 'ERR_SPIFFE_JWT_SVID_AUDIENCE_INVALID'],
  ])('B-33: an audience of %j is judged: %s', async (aud, verdict) => {
    expect(await claims({ aud })).toBe(verdict)
  })

  it.each([
    [{ iat: NOW_SECONDS + 1e6 }, 'accepted'],
    [{ iat: undefined }, 'accepted'],
    [{ iat: 'yesterday' }, 'ERR_SPIFFE_JWT_SVID_TIME_INVALID'],
    [{ iat: null }, 'ERR_SPIFFE_JWT_SVID_TIME_INVALID'],
    [{ nbf: NOW_SECONDS + 30 }, 'accepted'],
    [{ nbf: NOW_SECONDS + 31 }, 'ERR_SPIFFE_JWT_SVID_NOT_YET_VALID'],
    [{ nbf: String(NOW_SECONDS) }, 'ERR_SPIFFE_JWT_SVID_TIME_INVALID'],
  ])('B-35: with %j a token is judged: %s', async (times, verdict) => {
    expect(await claims(times)).toBe(verdict)
  })

  it('B-37: a fetched token without iat is renewed by when it was fetched', async () => {
    const clock = new ManualClock(NOW)
    const issued = (iat: number | undefined) => {
      const now = clock.now()
      const exp = now.getTime() / 1000 + 300
      return jwtsvid.parseInsecure(token(AUTHORITY, { claims: goodClaims({ exp, iat }) }), 'orders', { now })
    }
    for (const iat of [NOW_SECONDS, undefined]) {
      let fetched = 0
      const cache = new TokenCache({
        clock,
        capacity: 1,
        fetch: async () => {
          fetched += 1
          return issued(iat)
        },
        onError: () => {},
      })
      const get = () => cache.get({ audience: ['orders'], subject: undefined, hint: undefined })
      const first = await get()
      clock.advance(149_000)
      expect(await get()).toBe(first)
      expect(fetched).toBe(1)
      clock.advance(1_000)
      expect(await get()).toBe(first)
      expect(fetched).toBe(2)
      expect(await get()).not.toBe(first)
    }
  })

  it('B-38: keys and addresses of keys in a header are not looked at', async () => {
    const mallory = signer('ES256', 'mallory')
    const bait = {
      jwk: jwkOf(mallory),
      jku: 'https://mallory.test',
      x5u: 'https://mallory.test',
      x5c: ['AAAA'],
    }
    expect(await header(bait)).toBe('accepted')
    for (const kid of [AUTHORITY.kid, undefined]) {
      expect(await verdictOf(token(mallory, { header: { ...bait, kid } }))).toBe(
        'ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID',
      )
    }
    expect(await verdictOf(token(mallory, { header: bait }))).toBe('ERR_SPIFFE_JWT_SVID_KEY_NOT_FOUND')
  })

  it.each([
    ['a token of thousands of dots', '.'.repeat(50_000), 'ERR_SPIFFE_JWT_SVID_MALFORMED'],
    ['a token of a megabyte', 'x'.repeat(1 << 20), 'ERR_SPIFFE_JWT_SVID_TOO_LARGE'],
    [
      'claims nested thousands deep',
      token(AUTHORITY, { claims: `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}` }),
      'ERR_SPIFFE_JWT_SVID_MALFORMED',
    ],
    [
      'a header nested deep',
      token(AUTHORITY, { header: `{"alg":"ES256","x":${'['.repeat(2_000)}${']'.repeat(2_000)}}` }),
      'ERR_SPIFFE_JWT_SVID_MALFORMED',
    ],
  ])('B-38: %s is refused', async (_, text, code) => {
    expect(await verdictOf(text)).toBe(code)
  })

  it.each([
    ['ES256', 'RS256'],
    ['ES384', 'ES256'],
    ['ES256', 'ES384'],
    ['RS256', 'ES256'],
    ['PS256', 'ES512'],
  ])('B-39: %s is not verified by the key of %s', async (alg, keyOf) => {
    const bundle = bundleOf('acme.internal', signer(alg, 'a'), signer(keyOf, 'b'))
    expect(await verdictOf(token(signer(alg, 'a')), {}, bundle)).toBe('accepted')
    const confused = token(signer(alg, 'a'), { header: { kid: 'b' } })
    expect(await verdictOf(confused, {}, bundle)).toBe('ERR_SPIFFE_JWT_SVID_KEY_UNSUITABLE')
  })

  it('B-39: a symmetric, private, short or exponentless key in a set verifies nothing', async () => {
    const rsa = signer('RS256')
    const text = token(rsa)
    const short = rsaKeyPair(1024).publicKey.export({ format: 'jwk' })
    expect(await verdictOf(text, {}, bundleOfJWKs(jwkOf(rsa)))).toBe('accepted')
    for (const jwk of [
      { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: rsa.kid },
      { ...rsa.privateKey.export({ format: 'jwk' }), kid: rsa.kid },
      { ...short, kid: rsa.kid },
      jwkOf(rsa, { e: 'AQ' }),
    ]) {
      expect(await verdictOf(text, {}, bundleOfJWKs(jwk))).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_EMPTY')
    }
  })

  it('B-40: the key of one trust domain never speaks for another, under whatever kid', async () => {
    const mallory = { ...signer('ES256', 'mallory'), kid: AUTHORITY.kid }
    const bundles = JWTBundleSet.from([BUNDLE, bundleOf('other.test', mallory)])
    const own = token(mallory, { claims: goodClaims({ sub: 'spiffe://other.test/x' }) })
    expect(await verdictOf(own, {}, bundles)).toBe('accepted')
    expect(await verdictOf(GOOD, {}, bundles)).toBe('accepted')
    expect(await verdictOf(token(mallory), {}, bundles)).toBe('ERR_SPIFFE_JWT_SVID_SIGNATURE_INVALID')
    const careless = { getJWTBundle: () => bundleOf('other.test', mallory) }
    expect(await verdictOf(own, {}, careless)).toBe('accepted')
    expect(await verdictOf(token(mallory), {}, careless)).toBe('ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN')
  })

  it('B-43: too many audiences and oversize parts are refused before any bundle is asked for', async () => {
    const asked: string[] = []
    const source = {
      getJWTBundle: () => {
        asked.push('bundle')
        return BUNDLE
      },
    }
    const audiences = (count: number) => goodClaims({ aud: [...Array(count - 1).fill('x'), 'orders'] })
    expect(await verdictOf(token(AUTHORITY, { claims: audiences(32) }), {}, source)).toBe('accepted')
    expect(
      await verdictOf(token(AUTHORITY, { claims: goodClaims({ x: 'x'.repeat(48_000) }) }), {}, source),
    ).toBe('accepted')
    expect(asked).toHaveLength(2)
    for (const text of [
      token(AUTHORITY, { claims: audiences(33) }),
      token(AUTHORITY, { claims: goodClaims({ x: 'x'.repeat(50_000) }) }),
      token(AUTHORITY, { header: { x: 'x'.repeat(7_000) } }),
      `${HEADER}.${PAYLOAD}.${'A'.repeat(3_000)}`,
    ]) {
      expect((await refusalOf(text, {}, source)).code).toBe('ERR_SPIFFE_JWT_SVID_TOO_LARGE')
    }
    expect(asked).toHaveLength(2)
  })

  it('B-44: a trusted certificate whose ID is none costs its connection, and nobody else theirs', async () => {
    const options = mtlsServerOptions(sourceFor(SERVER_AND_CLIENT.server), authorizeMemberOf('a.test'))
    await using running = await Running.start(attach(createServer('https', options)))
    const welcome = () => visit(running.port, credentialsOf(leafA(SERVER_AND_CLIENT.client), issuerA))
    for (const uris of [
      ['https://a.test/client'],
      ['spiffe://a.test/client/'],
      ['spiffe://A.test/client'],
      ['spiffe://a.test'],
      [SERVER_AND_CLIENT.client, SERVER_AND_CLIENT.client],
      [''],
    ]) {
      const stranger = mint({ uris, issuer: issuerA, subject: 'CN=stranger' })
      const { received } = await visit(running.port, credentialsOf(stranger, issuerA))
      expect(received).toBe('')
      expect((await welcome()).received).toContain(`hello ${SERVER_AND_CLIENT.client}`)
    }
    expect(running.refused).toHaveLength(6)
    expect(running.refused.every((error) => error instanceof SpiffeError)).toBe(true)
  })
})
