import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SpiffeID } from '../../src/spiffeid/spiffe-id.ts'
import { refusal } from '../../src/spiffeid/verdict.ts'
import {
  type Authorizer,
  and,
  attach,
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  authorizeOneOf,
  authorizePrefix,
  mtlsClientOptions,
  mtlsServerOptions,
  not,
  or,
} from '../../src/tlsconfig/index.ts'
import { post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { visit } from './support/visitors.ts'
import { credentialsOf, good, ID, issuerA, leafA, sourceFor } from './support/world.ts'

describe('the authorizers', () => {
  const orders = SpiffeID.parse('spiffe://a.test/shop/orders')

  test.each<[string, Authorizer<unknown>]>([
    ['authorizeAny', authorizeAny()],
    ['authorizeID', authorizeID('spiffe://a.test/shop/orders')],
    ['authorizeOneOf', authorizeOneOf('spiffe://a.test/other', orders)],
    ['authorizeMemberOf', authorizeMemberOf('a.test')],
    ['authorizePrefix', authorizePrefix('spiffe://a.test/shop')],
    ['and', and(authorizeMemberOf('a.test'), not(authorizeID('spiffe://a.test/other')))],
    ['or', or(authorizeID('spiffe://a.test/other'), authorizeID(orders))],
  ])('%s admits whom it names', (_name, authorize) => {
    expect(refusal(authorize, orders, undefined)).toBeUndefined()
  })

  test.each<[string, Authorizer<unknown>]>([
    ['authorizeID', authorizeID('spiffe://a.test/shop')],
    ['authorizeOneOf', authorizeOneOf('spiffe://a.test/other', 'spiffe://b.test/shop/orders')],
    ['authorizeOneOf without anybody', authorizeOneOf()],
    ['authorizeMemberOf', authorizeMemberOf('b.test')],
    ['authorizePrefix of another path', authorizePrefix('spiffe://a.test/sh')],
    ['authorizePrefix without a path', authorizePrefix('spiffe://a.test')],
    ['and', and(authorizeMemberOf('a.test'), not(authorizeID(orders)))],
    ['or', or(authorizeID('spiffe://a.test/other'), authorizeMemberOf('b.test'))],
  ])('%s refuses everybody else, with a reason', (_name, authorize) => {
    expect(refusal(authorize, orders, undefined)).not.toBe('')
    expect(refusal(authorize, orders, undefined)).toBeDefined()
  })
})

/** Answers that do not admit, however much they look like it. */
const REFUSALS: Record<string, (admit: unknown) => unknown> = {
  'says false': () => false,
  'gives a reason': () => 'on weekdays only',
  'gives an empty reason': () => '',
  'forgets to answer': () => undefined,
  'says null': () => null,
  'says one': () => 1,
  'says an object': () => ({}),
  'promises to admit': async () => true,
  'promises and breaks it': async () => {
    throw new Error('broken')
  },
  'throws an error': () => {
    throw new Error('database is down')
  },
  'throws a string': () => {
    // biome-ignore lint/style/useThrowOnlyError: callers in JavaScript do it
    throw 'nope'
  },
}

describe('an authorizer', () => {
  let answer: (admit: unknown) => unknown
  let asked: string[]
  const authorize = ((id, peer) => {
    asked.push(`${id} until ${peer.expiresAt.getUTCFullYear()}, ${peer.chain.length} certificates`)
    return answer(id)
  }) as Authorizer
  const client = mtlsClientOptions(sourceFor(ID.client), authorize)
  let guarded: Running
  let plain: Running
  beforeAll(async () => {
    guarded = await Running.start(
      attach(createServer('https', mtlsServerOptions(sourceFor(ID.server), authorize))),
    )
    plain = await Running.start(createServer('https', credentialsOf(leafA(ID.server), issuerA)))
  })
  afterAll(async () => {
    await guarded[Symbol.asyncDispose]()
    await plain[Symbol.asyncDispose]()
  })

  test('is asked once for a connection, and sees who it is about', async () => {
    answer = () => true
    asked = []
    expect((await visit(guarded.port, good['with an intermediate'])).received).toContain(ID.client)
    expect((await post(plain.port, client)).peer).toBe(ID.server)
    const year = new Date(Date.now() + 24 * 3_600_000).getUTCFullYear()
    expect(asked).toEqual([
      `${ID.client} until ${year}, 3 certificates`,
      `${ID.server} until ${year}, 3 certificates`,
    ])
  })

  test.each(Object.entries(REFUSALS))('refuses clients where it %s', async (_what, refuse) => {
    answer = () => true
    asked = []
    expect((await visit(guarded.port, good['issued by the root'])).received).toContain(ID.client)
    answer = refuse
    guarded.seen.length = 0
    guarded.refused.length = 0
    expect((await visit(guarded.port, good['issued by the root'])).received).toBe('')
    expect(guarded.seen).toEqual([])
    expect(guarded.codes).toEqual(['ERR_SPIFFE_TLS_UNAUTHORIZED'])
  })

  test.each(Object.entries(REFUSALS))('refuses servers where it %s', async (_what, refuse) => {
    answer = () => true
    asked = []
    expect((await post(plain.port, client)).peer).toBe(ID.server)
    answer = refuse
    plain.seen.length = 0
    await expect(post(plain.port, client)).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED' })
    expect(plain.seen).not.toContain('data')
  })

  test('gives its reason to the error', async () => {
    answer = () => 'on weekdays only'
    await expect(post(plain.port, client)).rejects.toThrow(
      `the server ${ID.server} is refused: on weekdays only`,
    )
  })
})
