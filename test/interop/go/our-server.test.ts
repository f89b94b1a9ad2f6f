import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Authorizer,
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  authorizePrefix,
} from '../../../src/tlsconfig/index.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { type GoAuthorize, GoPeer } from './support/go-peer.ts'
import { type OurServer, serve } from './support/our-server.ts'
import { checkout, type Everybody, everybody, kinds, orders, pair, tlsVersions } from './support/parties.ts'

describeWithGo('a Go client and our server', () => {
  const keeper = Keeper.start()
  let go: GoPeer
  let who: Everybody

  beforeAll(async () => {
    go = await GoPeer.build(keeper)
    who = await everybody()
  })
  afterAll(() => keeper.close())

  describe.each(tlsVersions)('over TLS %s', (tls) => {
    test.each(kinds)('verify each other: %s', async (_, keyType, intermediates) => {
      const { client: them, server: us } = await pair(keyType, intermediates)
      await using server = await serve(us.source, authorizeID(checkout))

      const client = go.dial({ ...server.target, identity: them.go, authorize: { id: orders }, tls })

      const answer = await client.next('response')
      expect(answer).toMatchObject({ status: 200, body: checkout, peer: orders, tls })
      expect(server.peers).toEqual([checkout])
      await client.close()
    })

    test('meet without SNI and ALPN, and with both', async () => {
      await using server = await serve(who.orders.source, authorizeID(checkout))
      const dial = { ...server.target, identity: who.checkout.go, authorize: { id: orders }, tls } as const

      const bare = go.dial(dial)
      const full = go.dial({ ...dial, serverName: 'orders.internal', http2: true })

      const { sni, alpn, status } = await bare.next('response')
      expect({ sni, alpn, status }).toEqual({ sni: undefined, alpn: undefined, status: 200 })
      const answer = await full.next('response')
      expect(answer).toMatchObject({ sni: 'orders.internal', alpn: 'http/1.1', status: 200 })
      await Promise.all([bare.close(), full.close()])
    })

    test('speak HTTP/2', async () => {
      await using server = await serve(who.orders.source, authorizeID(checkout), { http2: true })

      const client = go.dial({
        ...server.target,
        requests: 3,
        identity: who.checkout.go,
        authorize: { id: orders },
        tls,
        http2: true,
      })
      await client.next('done')

      const answers = client.all('response').map(({ proto, body }) => ({ proto, body }))
      expect(answers).toEqual(Array(3).fill({ proto: 'HTTP/2.0', body: checkout }))
      await client.close()
    })

    test('make a full handshake each time, though Go keeps sessions and tries to resume', async () => {
      await using server = await serve(who.orders.source, authorizeID(checkout))

      const client = go.dial({
        ...server.target,
        connections: 5,
        resume: true,
        identity: who.checkout.go,
        authorize: { id: orders },
        tls,
      })
      const { tickets = 0 } = await client.next('done')

      const handshakes = client.all('response').map(({ resumed = false, status }) => ({ resumed, status }))
      expect(handshakes).toEqual(Array(5).fill({ resumed: false, status: 200 }))
      // OpenSSL hands out two tickets a connection with TLS 1.3 whatever it is told, and Go tries each of them.
      expect(tickets).toBe(tls === '1.3' ? 10 : 0)
      await client.close()
    })

    test.each<[string, keyof Everybody, Authorizer]>([
      ['is not the one expected', 'stranger', authorizeID(checkout)],
      ['is outside the prefix', 'stranger', authorizePrefix(checkout)],
      ['is of a foreign trust domain', 'foreigner', authorizeMemberOf('acme.internal')],
      ['has an ID that another trust domain issued', 'impostor', authorizeAny()],
    ])('we refuse a client that %s', async (_, name, authorize) => {
      await using server = await serve(who.orders.source, authorize)
      const dial = { ...server.target, authorize: { id: orders }, tls } as const

      const good = go.dial({ ...dial, identity: who.checkout.go })
      const bad = go.dial({ ...dial, identity: who[name].go })

      expect(await good.next('response')).toMatchObject({ status: 200 })
      await bad.next('failed')
      expect(server.peers).toEqual([checkout])
      await Promise.all([good.close(), bad.close()])
    })

    test.each<[string, keyof Everybody, GoAuthorize]>([
      ['is not the one expected', 'stranger', { id: orders }],
      ['is outside the prefix', 'stranger', { idPrefix: orders }],
      ['is of a foreign trust domain', 'foreigner', { memberOf: 'acme.internal' }],
      ['has an ID that another trust domain issued', 'impostor', { any: true }],
    ])('the client refuses us where our server %s', async (_, name, authorize) => {
      await using good = await serve(who.orders.source, authorizeID(checkout))
      await using bad = await serve(who[name].source, authorizeID(checkout))
      const dial = ({ target }: OurServer) =>
        go.dial({ ...target, identity: who.checkout.go, authorize, tls })

      const admitted = dial(good)
      const refused = dial(bad)

      expect(await admitted.next('response')).toMatchObject({ status: 200 })
      await refused.next('failed')
      expect(bad.peers).toEqual([])
      await Promise.all([admitted.close(), refused.close()])
    })
  })
})
