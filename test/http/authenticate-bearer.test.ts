import { once } from 'node:events'
import http from 'node:http'
import type http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { JWTBundleSource } from '../../src/bundle/source.ts'
import { SpiffeError } from '../../src/errors.ts'
import {
  type AuthenticateBearerOptions,
  authenticateBearer,
  BearerError,
  type BearerHeaders,
} from '../../src/http/index.ts'
import { and, type Matcher, matchID, matchMemberOf, not } from '../../src/spiffeid/index.ts'
import { bundleOf, goodClaims, NOW, NOW_SECONDS, signer, token } from '../support/jwt.ts'

const SIGNER = signer('ES256')
const BUNDLES = bundleOf('acme.internal', SIGNER)
const TOKEN = token(SIGNER)
const OPTIONS: AuthenticateBearerOptions = {
  audience: 'orders',
  authorize: matchMemberOf('acme.internal'),
  now: NOW,
}

const call = (headers: BearerHeaders, options: Partial<AuthenticateBearerOptions> = {}): Promise<string> =>
  authenticateBearer(headers, BUNDLES, { ...OPTIONS, ...options }).then(({ id }) => id.uri)

const callWith = (authorization: string): Promise<string> => call({ authorization })

/** What a caller is answered who is refused. */
async function refusalOf(called: Promise<unknown>): Promise<BearerError> {
  const error: unknown = await called.then(
    () => 'not refused',
    (reason) => reason,
  )
  if (error instanceof BearerError) return error
  throw new Error('it was not refused by a BearerError', { cause: error })
}

describe('a caller with a good token', () => {
  it('is told by ID, with the token validated', async () => {
    const { id, svid } = await authenticateBearer({ authorization: `Bearer ${TOKEN}` }, BUNDLES, OPTIONS)
    expect(id.uri).toBe('spiffe://acme.internal/checkout')
    expect(svid.id).toBe(id)
    expect(svid.audience).toEqual(['orders'])
  })

  it.each<[string, BearerHeaders]>([
    ['headers of Node', { authorization: `Bearer ${TOKEN}`, host: 'orders' }],
    ['headers in another case', { AUTHORIZATION: `Bearer ${TOKEN}` }],
    ['headersDistinct of Node', { host: ['orders'], authorization: [`Bearer ${TOKEN}`] }],
    ['rawHeaders of Node', ['Host', 'orders', 'Authorization', `Bearer ${TOKEN}`, 'Accept', '*/*']],
    ['Fetch Headers', new Headers({ Authorization: `Bearer ${TOKEN}` })],
    [
      'an object without a prototype',
      Object.assign(Object.create(null), { authorization: `Bearer ${TOKEN}` }),
    ],
    [
      'an object with an absent value beside it',
      { authorization: `Bearer ${TOKEN}`, Authorization: undefined },
    ],
    ['an object with a header called get', { get: 'x', authorization: `Bearer ${TOKEN}` }],
  ])('may come with %s', async (_, headers) => {
    expect(await call(headers)).toBe('spiffe://acme.internal/checkout')
  })

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('may write the scheme as %s', async (scheme) => {
    expect(await callWith(`${scheme} ${TOKEN}`)).toBe('spiffe://acme.internal/checkout')
  })

  it('is judged by the options of parseAndValidate', async () => {
    const later = new Date((NOW_SECONDS + 310) * 1000)
    expect(await call({ authorization: `Bearer ${TOKEN}` }, { now: later })).toMatch(/checkout/)
    const strict = call({ authorization: `Bearer ${TOKEN}` }, { now: later, leewaySeconds: 0 })
    expect((await refusalOf(strict)).code).toBe('ERR_SPIFFE_JWT_SVID_EXPIRED')
  })
})

it('takes the headers of every server of Node and of Fetch by their types', () => {
  expectTypeOf<http.IncomingMessage['headers']>().toExtend<BearerHeaders>()
  expectTypeOf<http.IncomingMessage['headersDistinct']>().toExtend<BearerHeaders>()
  expectTypeOf<http.IncomingMessage['rawHeaders']>().toExtend<BearerHeaders>()
  expectTypeOf<http2.Http2ServerRequest['headers']>().toExtend<BearerHeaders>()
  expectTypeOf<http2.Http2ServerRequest['rawHeaders']>().toExtend<BearerHeaders>()
  expectTypeOf<Headers>().toExtend<BearerHeaders>()
})

describe('a caller without a bearer token', () => {
  it.each<[string, BearerHeaders]>([
    ['no headers', {}],
    ['no headers in a list', []],
    ['other headers', { host: 'orders', 'proxy-authorization': `Bearer ${TOKEN}` }],
    ['the name among values', ['X', 'authorization', `Bearer ${TOKEN}`, 'x']],
    ['an absent header', { authorization: undefined }],
    ['an empty list', { authorization: [] }],
    ['empty Fetch Headers', new Headers()],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['another scheme that starts alike', { authorization: `Bearers ${TOKEN}` }],
    ['the token alone', { authorization: TOKEN }],
    ['an empty value', { authorization: '' }],
    ['a list that ends behind the name', ['Authorization']],
  ])('is asked for one: %s', async (_, headers) => {
    expect(await call({ authorization: `Bearer ${TOKEN}` })).toMatch(/checkout/)
    expect(await refusalOf(call(headers))).toMatchObject({
      name: 'BearerError',
      code: 'ERR_SPIFFE_BEARER_MISSING',
      status: 401,
      wwwAuthenticate: 'Bearer realm="orders"',
    })
  })
})

describe('a caller with malformed credentials', () => {
  it.each([
    ['no token', 'Bearer'],
    ['no token behind the space', 'Bearer '],
    ['two spaces', `Bearer  ${TOKEN}`],
    ['a tab', `Bearer\t${TOKEN}`],
    ['a space at the end', `Bearer ${TOKEN} `],
    ['a line break at the end', `Bearer ${TOKEN}\n`],
    ['two tokens', `Bearer ${TOKEN} ${TOKEN}`],
    ['two joined headers', `Bearer ${TOKEN}, Bearer ${TOKEN}`],
    ['a comma', `Bearer ${TOKEN},`],
    ['quotes', `Bearer "${TOKEN}"`],
    ['padding in the middle', 'Bearer a=b'],
    ['a letter that is none', 'Bearer \u017f'],
    ['a NUL', `Bearer ${TOKEN}\0`],
  ])('is refused: %s', async (_, authorization) => {
    expect(await callWith(`Bearer ${TOKEN}`)).toMatch(/checkout/)
    expect(await refusalOf(callWith(authorization))).toMatchObject({
      code: 'ERR_SPIFFE_BEARER_MALFORMED',
      status: 401,
      wwwAuthenticate: 'Bearer realm="orders", error="invalid_token"',
    })
  })

  it.each<[string, BearerHeaders]>([
    ['rawHeaders', ['Authorization', `Bearer ${TOKEN}`, 'authorization', `Bearer ${TOKEN}`]],
    ['headersDistinct', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }],
    ['two spellings', { authorization: `Bearer ${TOKEN}`, Authorization: `Bearer ${TOKEN}` }],
    ['an empty one behind it', ['Authorization', `Bearer ${TOKEN}`, 'Authorization', '']],
    [
      'Fetch Headers',
      new Headers([
        ['Authorization', `Bearer ${TOKEN}`],
        ['authorization', `Bearer ${TOKEN}`],
      ]),
    ],
  ])('is refused with two Authorization headers: %s', async (_, headers) => {
    expect(await callWith(`Bearer ${TOKEN}`)).toMatch(/checkout/)
    expect((await refusalOf(call(headers))).code).toBe('ERR_SPIFFE_BEARER_MALFORMED')
  })

  it('is refused with a scheme before the bearer token', async () => {
    const headers = ['Authorization', 'Basic dXNlcjpwYXNz', 'Authorization', `Bearer ${TOKEN}`]
    expect((await refusalOf(call(headers))).status).toBe(401)
  })
})

describe('a caller with a token that is not good', () => {
  it.each<[string, string, string]>([
    ['for another audience', token(SIGNER, { claims: goodClaims({ aud: 'billing' }) }), 'AUDIENCE_MISMATCH'],
    ['expired', token(SIGNER, { claims: goodClaims({ exp: NOW_SECONDS - 60 }) }), 'EXPIRED'],
    ['signed by another key', token({ ...signer('ES256', 'other'), kid: SIGNER.kid }), 'SIGNATURE_INVALID'],
    [
      'of an unknown trust domain',
      token(SIGNER, { claims: goodClaims({ sub: 'spiffe://x/y' }) }),
      'BUNDLE_MISSING',
    ],
    ['that is none', 'abc', 'MALFORMED'],
  ])('is refused with the code of why: %s', async (_, bad, code) => {
    expect(await callWith(`Bearer ${TOKEN}`)).toMatch(/checkout/)
    const error = await refusalOf(callWith(`Bearer ${bad}`))
    expect(error).toMatchObject({
      status: 401,
      code: `ERR_SPIFFE_JWT_SVID_${code}`,
      wwwAuthenticate: `Bearer realm="orders", error="invalid_token", error_description="ERR_SPIFFE_JWT_SVID_${code}"`,
    })
    expect(error.cause).toMatchObject({ name: 'SVIDError', code: error.code, rule: error.rule })
  })
})

describe('a caller that may not come in', () => {
  it('is answered 403, with its ID in the error', async () => {
    const authorize = and(matchMemberOf('acme.internal'), not(matchID('spiffe://acme.internal/checkout')))
    expect(await call({ authorization: `Bearer ${TOKEN}` })).toMatch(/checkout/)
    const error = await refusalOf(call({ authorization: `Bearer ${TOKEN}` }, { authorize }))
    expect(error).toMatchObject({
      status: 403,
      code: 'ERR_SPIFFE_JWT_SVID_UNAUTHORIZED',
      spiffeID: 'spiffe://acme.internal/checkout',
      wwwAuthenticate:
        'Bearer realm="orders", error="insufficient_scope", error_description="ERR_SPIFFE_JWT_SVID_UNAUTHORIZED"',
    })
  })

  it.each([undefined, 'no', 1, Promise.resolve(true)])('is refused by the answer %j', async (answer) => {
    const authorize = (() => answer) as unknown as Matcher
    expect((await refusalOf(call({ authorization: `Bearer ${TOKEN}` }, { authorize }))).status).toBe(403)
  })

  it('is not asked about before its token is validated', async () => {
    let asked = 0
    const authorize: Matcher = () => ++asked > 0
    await refusalOf(call({ authorization: 'Bearer abc' }, { authorize }))
    expect(asked).toBe(0)
    await call({ authorization: `Bearer ${TOKEN}` }, { authorize })
    expect(asked).toBe(1)
  })
})

describe('a failure that is not the caller’s', () => {
  const failing = (error: unknown): JWTBundleSource => ({
    getJWTBundle: () => {
      throw error
    },
  })
  const callOn = (
    bundles: JWTBundleSource,
    options: Partial<AuthenticateBearerOptions> = {},
  ): Promise<unknown> =>
    authenticateBearer({ authorization: `Bearer ${TOKEN}` }, bundles, { ...OPTIONS, ...options })

  it('is no BearerError when the source of the bundles is closed', async () => {
    const closed = new SpiffeError('ERR_SPIFFE_SOURCE_CLOSED', 'the source is closed')
    await expect(callOn(BUNDLES)).resolves.toBeDefined()
    await expect(callOn(failing(closed))).rejects.toBe(closed)
  })

  it('is no BearerError when the source of the bundles breaks', async () => {
    const called = callOn(failing(new Error('connection lost')))
    await expect(called).rejects.not.toBeInstanceOf(BearerError)
    await expect(called).rejects.toMatchObject({ code: 'ERR_SPIFFE_JWT_SVID_BUNDLE_UNAVAILABLE' })
  })

  it('is no BearerError when the source gives the bundle of another trust domain', async () => {
    const called = callOn({ getJWTBundle: () => bundleOf('partner.example', SIGNER) })
    await expect(called).rejects.not.toBeInstanceOf(BearerError)
    await expect(called).rejects.toMatchObject({ code: 'ERR_SPIFFE_JWT_SVID_BUNDLE_FOREIGN' })
  })

  it('is the reason of the signal when the call is aborted', async () => {
    const reason = new Error('the request is gone')
    await expect(callOn(BUNDLES, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('a wrong argument', () => {
  const authorization = `Bearer ${TOKEN}`

  it('is a TypeError, with or without a token in the request', async () => {
    for (const headers of [{}, { authorization }]) {
      for (const wrong of [
        { authorize: undefined },
        { authorize: 'spiffe://acme.internal/checkout' },
        { audience: undefined },
        { audience: [] },
        { audience: [1] },
      ]) {
        await expect(call(headers, wrong as never)).rejects.toThrow(TypeError)
      }
    }
    await expect(call({ authorization }, { audience: '' })).rejects.toThrow(TypeError)
    await expect(authenticateBearer({ authorization }, {} as never, OPTIONS)).rejects.toThrow(TypeError)
  })

  it('is a TypeError where headers are none', async () => {
    for (const headers of [
      undefined,
      null,
      'authorization: x',
      { authorization: 1 },
      { authorization: [{}] },
    ]) {
      await expect(call(headers as never)).rejects.toThrow(TypeError)
    }
  })
})

describe('the challenge', () => {
  const challengeFor = async (audience: AuthenticateBearerOptions['audience']): Promise<string> =>
    (await refusalOf(call({}, { audience }))).wwwAuthenticate

  it('names the first audience', async () => {
    expect(await challengeFor('orders')).toBe('Bearer realm="orders"')
    expect(await challengeFor(['spiffe://acme.internal/orders', 'orders'])).toBe(
      'Bearer realm="spiffe://acme.internal/orders"',
    )
  })

  it('cannot be broken out of', async () => {
    expect(await challengeFor('a", error="b')).toBe('Bearer realm="a\\", error=\\"b"')
    expect(await challengeFor('a\\')).toBe('Bearer realm="a\\\\"')
    expect(await challengeFor('a\r\nset-cookie: x=y\u0000\u007f')).toBe('Bearer realm="a??set-cookie: x=y??"')
    expect(await challengeFor('bücher')).toBe('Bearer realm="b?cher"')
  })
})

describe('what is left of a refusal', () => {
  it('never holds the token', async () => {
    const signature = TOKEN.split('.')[2] ?? ''
    const payload = TOKEN.split('.')[1] ?? ''
    const refusals = await Promise.all(
      [
        call({ authorization: `Bearer ${TOKEN}` }, { authorize: () => false }),
        call({ authorization: `Bearer ${TOKEN}` }, { audience: 'billing' }),
        call({ authorization: `Bearer  ${TOKEN}` }),
        call({ authorization: `Bearer ${TOKEN}x` }),
        call({ authorization: TOKEN }),
      ].map(refusalOf),
    )
    for (const error of refusals) {
      const shown = [
        inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
        JSON.stringify(error),
        error.stack,
        error.wwwAuthenticate,
      ].join('\n')
      expect(shown).toContain(error.code)
      expect(shown).not.toContain(signature)
      expect(shown).not.toContain(payload)
    }
  })
})

describe('a real server', () => {
  it('sees two headers that its own headers object hides', async () => {
    const server = http.createServer(async (request, response) => {
      const answer = async (headers: BearerHeaders): Promise<string> =>
        call(headers).catch((error: BearerError) => error.code)
      response.end(JSON.stringify([await answer(request.headers), await answer(request.rawHeaders)]))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const ask = async (headers: readonly string[]): Promise<unknown> => {
        const request = http.get({
          port: (server.address() as AddressInfo).port,
          headers: ['Host', 'x', ...headers],
        })
        const [response] = await once(request, 'response')
        return JSON.parse((await response.toArray()).join(''))
      }
      const header = ['Authorization', `Bearer ${TOKEN}`]
      const id = 'spiffe://acme.internal/checkout'
      expect(await ask(header)).toEqual([id, id])
      expect(await ask([...header, ...header])).toEqual([id, 'ERR_SPIFFE_BEARER_MALFORMED'])
    } finally {
      server.close()
    }
  })
})
