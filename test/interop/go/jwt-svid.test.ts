import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authority, type KeyType } from '../../../src/testing/index.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { GoPeer } from './support/go-peer.ts'

const id = 'spiffe://acme.internal/checkout'

describeWithGo('go-spiffe validates our JWT-SVIDs', () => {
  const keeper = Keeper.start()
  let go: GoPeer

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
  })
  afterAll(() => keeper.close())

  test.each<[string, KeyType]>([
    ['ES256', 'ec-p256'],
    ['ES384', 'ec-p384'],
    ['RS256', 'rsa-2048'],
  ])('signed with %s: the good one, and none of its spoiled twins', async (alg, jwtKeyType) => {
    const authority = await Authority.create({ trustDomain: 'acme.internal', jwtKeyType })
    const other = await Authority.create({ trustDomain: 'acme.internal', jwtKeyType })
    const good = await authority.issueJWTSVID(id, { audience: ['orders', 'billing'] })
    const expired = await authority.issueJWTSVID(id, {
      audience: 'orders',
      issuedAt: new Date(Date.now() - 3_600_000),
    })
    const forged = await other.issueJWTSVID(id, { audience: 'orders' })
    const foreign = await authority.issueJWTSVID('spiffe://partner.example/x', {
      audience: 'orders',
      impersonate: true,
    })
    const ask = (token: string, ...audience: string[]) => ({ within: 'acme', token, audience })

    const verdicts = await go.judge({ acme: { jwt: { 'acme.internal': authority.jwtBundle.marshal() } } }, [
      ask(good.marshal(), 'orders'),
      ask(good.marshal(), 'shipping', 'billing'),
      ask(good.marshal(), 'shipping'),
      ask(good.marshal().replace(/.{4}$/, 'AAAA'), 'orders'),
      ask(expired.marshal(), 'orders'),
      ask(forged.marshal(), 'orders'),
      ask(foreign.marshal(), 'orders'),
    ])

    expect(good.header.alg).toBe(alg)
    expect(verdicts).toEqual([
      { id },
      { id },
      { error: expect.stringContaining('audience') },
      { error: expect.stringContaining('unable to get claims') },
      { error: expect.stringContaining('expired') },
      { error: expect.stringContaining('no JWT authority') },
      { error: expect.stringContaining('no bundle found') },
    ])
  })
})
