import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import {
  attach,
  authorizeAny,
  authorizeMemberOf,
  mtlsClientOptions,
  mtlsServerOptions,
  peerID,
} from '../../src/tlsconfig/index.ts'
import { mintCA, mintLeaf } from '../support/mint.ts'
import { post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { VERSIONS, visit } from './support/visitors.ts'
import { bundleA, bundleB, good, ID, issuerA, leafA, sourceFor, svidOf } from './support/world.ts'

const member = good['issued by the root']

/** A generation of its own: an authority, its bundle, and an SVID that it issued. */
const newRoot = mintCA({ subject: 'O=a, CN=new', uris: ['spiffe://a.test'] })
const newBundle = X509Bundle.parse('a.test', newRoot.pem)
const bothRoots = X509Bundle.parse('a.test', newRoot.pem + bundleA.marshal())

describe.each(VERSIONS)('over %s', (maxVersion) => {
  test('a server presents the newest SVID, and a client is presented with it', async () => {
    const serverSource = sourceFor(ID.server)
    const clientSource = sourceFor(ID.client)
    const options = { ...mtlsServerOptions(serverSource, authorizeMemberOf('a.test')), maxVersion }
    await using running = await Running.start(attach(createServer('https', options)))
    const client = mtlsClientOptions(clientSource, authorizeMemberOf('a.test'))

    expect(await post(running.port, client)).toMatchObject({ peer: ID.server, text: `hello ${ID.client}` })
    serverSource.rotate({ svid: svidOf(leafA('spiffe://a.test/server2'), issuerA) })
    clientSource.rotate({ svid: svidOf(leafA('spiffe://a.test/client2'), issuerA) })
    expect(await post(running.port, client)).toMatchObject({
      peer: 'spiffe://a.test/server2',
      text: 'hello spiffe://a.test/client2',
    })
  })

  test('the authority is replaced while calls go on, and none of them fails', async () => {
    const serverSource = sourceFor(ID.server)
    const clientSource = sourceFor(ID.client)
    const options = { ...mtlsServerOptions(serverSource, authorizeMemberOf('a.test')), maxVersion }
    await using running = await Running.start(attach(createServer('https', options)))
    const client = mtlsClientOptions(clientSource, authorizeMemberOf('a.test'))
    const call = (): Promise<unknown> => post(running.port, client)
    // SPIRE: the new authority is published, then used, and the old one goes last.
    const steps = [
      () => serverSource.rotate({ bundles: [bothRoots] }),
      () => clientSource.rotate({ bundles: [bothRoots] }),
      () => serverSource.rotate({ svid: svidOf(mintLeaf(ID.server, newRoot)) }),
      () => clientSource.rotate({ svid: svidOf(mintLeaf(ID.client, newRoot)) }),
      () => clientSource.rotate({ bundles: [newBundle] }),
      () => serverSource.rotate({ bundles: [newBundle] }),
    ]
    for (const step of steps) {
      const before = [call(), call()]
      await Promise.all(before)
      step()
      await Promise.all([call(), call()])
    }
    expect(running.refused).toEqual([])
    expect((await visit(running.port, member, { maxVersion })).received).toBe('')
    expect(running.codes).toEqual(['ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY'])
  })

  test('an SVID is replaced amidst a crowd of handshakes, and none of them fails', async () => {
    const source = sourceFor(ID.server)
    const options = { ...mtlsServerOptions(source, authorizeMemberOf('a.test')), maxVersion }
    const server = attach(createServer('https', options))
    const svids = [svidOf(leafA(ID.server), issuerA), svidOf(leafA('spiffe://a.test/server2'), issuerA)]
    let count = 0
    server.on('connection', () => {
      const next = svids[count++ % 2]
      if (next !== undefined) source.rotate({ svid: next })
    })
    await using running = await Running.start(server)
    const client = mtlsClientOptions(sourceFor(ID.client), authorizeMemberOf('a.test'))
    const calls = Array.from({ length: 30 }, () => post(running.port, client))
    expect((await Promise.all(calls)).map(({ text }) => text)).toEqual(calls.map(() => `hello ${ID.client}`))
    expect(running.refused).toEqual([])
  })

  test('a client is judged by the trust of the moment of its verdict', async () => {
    const source = sourceFor(ID.server)
    const options = { ...mtlsServerOptions(source, authorizeAny()), maxVersion }
    await using running = await Running.start(attach(createServer('tls', options)))
    const arrive = async (): Promise<tls.TLSSocket> => {
      const accepted = once(running.server, 'connection')
      const raw = net.connect(running.port, '127.0.0.1')
      await accepted
      return tls.connect({ socket: raw, ...member, rejectUnauthorized: false })
    }
    const served = await arrive()
    served.write('hello?')
    expect(String((await once(served, 'data'))[0])).toBe(`hello ${ID.client}`)

    const late = await arrive()
    source.rotate({ bundles: [bundleB] })
    late.write('hello?')
    late.on('error', () => {})
    await new Promise((resolve) => late.once('close', resolve))
    expect(running.codes).toEqual(['ERR_SPIFFE_X509_SVID_NO_BUNDLE'])
  })

  test('a server is judged by the trust of the moment of its verdict', async () => {
    await using running = await Running.start(
      createServer('tls', { ...good['with an intermediate'], maxVersion }),
    )
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeAny())
    const connect = (): tls.TLSSocket => tls.connect({ ...options, host: '127.0.0.1', port: running.port })
    const trusted = connect()
    await once(trusted, 'secureConnect')
    expect(peerID(trusted).toString()).toBe(ID.client)
    trusted.destroy()

    // OpenSSL was given the authorities when the connection began.
    const late = connect()
    source.rotate({ bundles: [bundleB] })
    expect((await once(late, 'error'))[0]).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_NO_BUNDLE' })
  })
})

test('nothing is left behind at a source by the options that were made of it', () => {
  const source = sourceFor(ID.client)
  let subscriptions = 0
  source.onChange = () => {
    subscriptions++
    return () => {}
  }
  for (let count = 0; count < 10; count++) void mtlsClientOptions(source, authorizeAny()).sessionIdContext
  attach(createServer('tls', mtlsServerOptions(source, authorizeAny())))
  expect(subscriptions).toBe(0)
})
