import http2 from 'node:http2'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Authorizer,
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  mtlsClientOptions,
} from '../../../src/tlsconfig/index.ts'
import { describeWithGo } from '../support/describe-with-go.ts'
import { Keeper } from '../support/keeper.ts'
import { type GoAuthorize, GoPeer } from './support/go-peer.ts'
import { get, getWith, pinned } from './support/our-client.ts'
import { checkout, type Everybody, everybody, kinds, orders, pair, tlsVersions } from './support/parties.ts'

describeWithGo('our client and a Go server', () => {
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
      const { client, server: them } = await pair(keyType, intermediates)
      const server = go.serve({ identity: them.go, authorize: { id: checkout }, tls })
      const { port } = await server.next('listening')

      const answer = await get(port, client.source, authorizeID(orders), tls)

      expect(answer).toEqual({ status: 200, peer: orders })
      expect(await server.next('request')).toMatchObject({ peer: checkout, tls, proto: 'HTTP/1.1' })
      await server.close()
    })

    test('speak HTTP/2', async () => {
      const authorize = { memberOf: 'acme.internal' }
      const server = go.serve({ identity: who.orders.go, authorize, tls, http2: true })
      const { port } = await server.next('listening')

      const session = http2.connect(`https://127.0.0.1:${port}`, {
        ...mtlsClientOptions(who.checkout.source, authorizeID(orders)),
        ...pinned(tls),
      })
      const answers = await Promise.all([1, 2, 3].map(() => text(session.request())))
      session.close()

      expect(answers.map((answer) => JSON.parse(answer).peer)).toEqual([checkout, checkout, checkout])
      expect(await server.next('request')).toMatchObject({ alpn: 'h2', proto: 'HTTP/2.0', tls })
      await server.close()
    })

    test('never resume a session, though Go offers it', async () => {
      const server = go.serve({ identity: who.orders.go, authorize: { id: checkout }, tls })
      const { port } = await server.next('listening')
      const options = mtlsClientOptions(who.checkout.source, authorizeID(orders))
      const agent = new https.Agent({ ...options, ...pinned(tls), maxCachedSessions: 100 })

      for (let times = 0; times < 5; times++) await getWith(port, { agent })
      agent.destroy()

      await expect
        .poll(() => server.all('request').map(({ resumed = false }) => resumed))
        .toEqual(Array(5).fill(false))
      await server.close()
    })

    test.each<[string, keyof Everybody, Authorizer, string]>([
      ['is not the one expected', 'stranger', authorizeID(orders), 'ERR_SPIFFE_TLS_UNAUTHORIZED'],
      ['is of a foreign trust domain', 'foreigner', (id) => id.equals(orders), 'ERR_SPIFFE_TLS_UNAUTHORIZED'],
      [
        'has an ID that another trust domain issued',
        'impostor',
        authorizeAny(),
        'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
      ],
      [
        'is of a trust domain that the authorizer does not name',
        'foreigner',
        authorizeMemberOf('acme.internal'),
        'ERR_SPIFFE_TLS_UNAUTHORIZED',
      ],
    ])('we refuse a server that %s', async (_, name, authorize, code) => {
      const good = go.serve({ identity: who.orders.go, authorize: { any: true }, tls })
      const bad = go.serve({ identity: who[name].go, authorize: { any: true }, tls })
      const { port: goodPort } = await good.next('listening')
      const { port: badPort } = await bad.next('listening')

      await expect(get(goodPort, who.checkout.source, authorize, tls)).resolves.toMatchObject({ status: 200 })
      await expect(get(badPort, who.checkout.source, authorize, tls)).rejects.toMatchObject({ code })

      expect(bad.all('request')).toEqual([])
      await Promise.all([good.close(), bad.close()])
    })

    test.each<[string, keyof Everybody, GoAuthorize]>([
      ['is not the one expected', 'stranger', { id: checkout }],
      ['is outside the prefix', 'stranger', { idPrefix: checkout }],
      ['is of a foreign trust domain', 'foreigner', { memberOf: 'acme.internal' }],
      ['has an ID that another trust domain issued', 'impostor', { any: true }],
    ])('the server refuses us where our client %s', async (_, name, authorize) => {
      const server = go.serve({ identity: who.orders.go, authorize, tls })
      const { port } = await server.next('listening')

      await expect(get(port, who.checkout.source, authorizeID(orders), tls)).resolves.toMatchObject({
        status: 200,
      })
      await expect(get(port, who[name].source, authorizeID(orders), tls)).rejects.toThrow()

      expect((await server.next('refused')).error).toContain('handshake error')
      expect(server.all('request')).toHaveLength(1)
      await server.close()
    })
  })
})
