import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { X509BundleSource } from '../../src/bundle/source.ts'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import type { X509SVID } from '../../src/svid/x509/x509-svid.ts'
import {
  attach,
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  mtlsClientOptions,
  mtlsServerOptions,
  TLSConfigError,
} from '../../src/tlsconfig/index.ts'
import { mintCA } from '../support/mint.ts'
import { StaticSource } from '../support/static-source.ts'
import { CALLERS, post } from './support/callers.ts'
import { createServer, Running, SERVER_KINDS } from './support/servers.ts'
import { VERSIONS, visit } from './support/visitors.ts'
import { bundleA, credentialsOf, good, ID, issuerA, leafA, sourceFor, svidOf } from './support/world.ts'

const closed = new Error('the source is closed')

describe.each(VERSIONS)('over %s, a client whose source fails', (maxVersion) => {
  test.each(Object.entries(CALLERS))(
    'fails with its reason, and nothing else: %s',
    async (_caller, [kind, call]) => {
      const credentials = credentialsOf(leafA(ID.server), issuerA)
      await using running = await Running.start(createServer(kind, { ...credentials, maxVersion }))
      const source = sourceFor(ID.client)
      const options = mtlsClientOptions(source, authorizeID(ID.server))
      expect((await call(running.port, options)).peer).toBe(ID.server)
      source.fail(closed)
      running.seen.length = 0

      await expect(call(running.port, options)).rejects.toMatchObject({
        name: 'TLSConfigError',
        code: 'ERR_SPIFFE_TLS_SOURCE_FAILED',
        cause: closed,
      })
      expect(running.seen).toEqual([])

      source.recover()
      expect((await call(running.port, options)).peer).toBe(ID.server)
    },
  )
})

describe('a client', () => {
  let running: Running
  beforeAll(async () => {
    running = await Running.start(createServer('https', credentialsOf(leafA(ID.server), issuerA)))
  })
  afterAll(() => running[Symbol.asyncDispose]())

  test('whose source fails lets the requests that wait in an agent fail with its reason', async () => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeID(ID.server))
    const agent = new https.Agent({ ...options, maxSockets: 1 })
    const headers = { connection: 'close' }
    running.server.once('request', () => source.fail(closed))
    const [first, ...waiting] = await Promise.allSettled(
      [1, 2, 3, 4].map(() => post(running.port, { agent, headers })),
    )
    expect(first).toMatchObject({ status: 'fulfilled' })
    for (const outcome of waiting) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SPIFFE_TLS_SOURCE_FAILED' } })
    }
  })

  test('whose source fails is no use to who leaves its guard away', async () => {
    const source = sourceFor(ID.client)
    source.fail(closed)
    const options = { ...mtlsClientOptions(source, authorizeAny()), pskCallback: () => null }
    const weak = { ...options, host: '127.0.0.1', port: running.port, rejectUnauthorized: false }
    const socket = tls.connect(weak)
    socket.write('secret')
    running.seen.length = 0
    expect(String((await once(socket, 'error'))[0])).toMatch(/handshake failure/)
    expect(running.seen).toEqual([])
  })

  test('whose source fails while the connection is opened fails with its reason', async () => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeAny())
    const socket = tls.connect({ ...options, host: '127.0.0.1', port: running.port })
    source.fail(closed)
    expect((await once(socket, 'error'))[0]).toMatchObject({
      code: 'ERR_SPIFFE_TLS_SOURCE_FAILED',
      cause: closed,
    })
  })

  test('whose source recovers while the connection is opened fails, and then works', async () => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeAny())
    source.fail(closed)
    const socket = tls.connect({ ...options, host: '127.0.0.1', port: running.port })
    source.recover()
    await once(socket, 'error')
    expect((await post(running.port, options)).peer).toBe(ID.server)
  })

  test('whose SVID has expired fails', async () => {
    const notAfter = new Date(Date.now() - 1000)
    const source = new StaticSource(svidOf(leafA(ID.client, { notAfter }), issuerA), [bundleA])
    await expect(post(running.port, mtlsClientOptions(source, authorizeAny()))).rejects.toMatchObject({
      code: 'ERR_SPIFFE_TLS_SOURCE_FAILED',
      cause: expect.objectContaining({ code: expect.stringContaining('EXPIRED') }),
    })
  })

  test.each([
    ['all of them', authorizeAny()],
    ['one', authorizeMemberOf('a.test')],
  ])('whose bundles cannot be read fails with the reason, where it needs %s', async (_which, authorize) => {
    const bundles: X509BundleSource = {
      getX509Bundle: () => {
        throw closed
      },
      getX509Bundles: () => {
        throw closed
      },
      onChange: () => () => {},
    }
    const options = mtlsClientOptions(sourceFor(ID.client), authorize, { bundles })
    await expect(post(running.port, options)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_TLS_SOURCE_FAILED',
      cause: closed,
    })
  })

  test('whose SVID OpenSSL does not take fails with the reason', async () => {
    const source = sourceFor(ID.client)
    const broken = { ...credentials(), marshal: () => ({ certificates: 'none', privateKey: 'none' }) }
    source.getX509SVID = () => broken as unknown as X509SVID
    await expect(post(running.port, mtlsClientOptions(source, authorizeAny()))).rejects.toMatchObject({
      code: 'ERR_SPIFFE_TLS_CONTEXT_UNUSABLE',
      cause: expect.any(Error),
    })
  })

  test('that would have OpenSSL trust too many authorities fails, unless its authorizer names some', async () => {
    const signatureValue = randomBytes(70)
    const pems = Array.from(
      { length: 501 },
      (_, index) => mintCA({ subject: `O=b, CN=${index}`, key: 'p256/many', signatureValue }).pem,
    )
    const source = sourceFor(ID.client)
    source.rotate({ bundles: [bundleA, X509Bundle.parse('b.test', pems.slice(1).join(''))] })
    const any = mtlsClientOptions(source, authorizeAny())
    await expect(post(running.port, any)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_TLS_TOO_MANY_AUTHORITIES',
    })
    expect((await post(running.port, mtlsClientOptions(source, authorizeMemberOf('a.test')))).peer).toBe(
      ID.server,
    )
    source.rotate({ bundles: [bundleA, X509Bundle.parse('b.test', pems.slice(2).join(''))] })
    expect((await post(running.port, any)).peer).toBe(ID.server)
  })
})

function credentials(): { readonly id: string } {
  return { id: ID.client }
}

describe.each(SERVER_KINDS)('a server of %s', (kind) => {
  test.each(VERSIONS)('whose source fails refuses everybody, until it recovers: %s', async (maxVersion) => {
    const source = sourceFor(ID.server)
    const options = mtlsServerOptions(source, authorizeMemberOf('a.test'))
    await using running = await Running.start(attach(createServer(kind, options)))
    const call = (): Promise<{ readonly received: string }> =>
      visit(running.port, good['issued by the root'], { maxVersion })
    expect((await call()).received).toContain(`hello ${ID.client}`)
    source.fail(closed)
    running.seen.length = 0

    expect((await call()).received).toBe('')

    expect(running.seen).toEqual([])
    expect(running.refused).toHaveLength(1)
    expect(running.refused[0]).toBeInstanceOf(TLSConfigError)
    expect(running.refused[0]).toMatchObject({ code: 'ERR_SPIFFE_TLS_SOURCE_FAILED', cause: closed })
    source.recover()
    expect((await call()).received).toContain(`hello ${ID.client}`)
  })
})

describe('a server', () => {
  test('whose source fails gives the listeners of tlsClientError a TLS socket', async () => {
    const source = sourceFor(ID.server)
    source.fail(closed)
    await using running = await Running.start(
      attach(createServer('tls', mtlsServerOptions(source, authorizeAny()))),
    )
    const refused = once(running.server, 'tlsClientError')
    await visit(running.port, good['issued by the root'])
    const [, socket] = await refused
    expect(socket).toBeInstanceOf(tls.TLSSocket)
    expect(socket).toMatchObject({ destroyed: true, remoteAddress: '127.0.0.1' })
    expect(socket.getPeerCertificate()).toBeNull()
  })

  test('whose bundles cannot be read refuses everybody with the reason', async () => {
    const bundles: X509BundleSource = {
      getX509Bundle: () => {
        throw closed
      },
      getX509Bundles: () => [],
      onChange: () => () => {},
    }
    const options = mtlsServerOptions(sourceFor(ID.server), authorizeAny(), { bundles })
    await using running = await Running.start(attach(createServer('tls', options)))
    expect((await visit(running.port, good['issued by the root'])).received).toBe('')
    expect(running.refused[0]).toMatchObject({
      code: 'ERR_SPIFFE_X509_SVID_BUNDLE_UNAVAILABLE',
      spiffeID: ID.client,
      cause: closed,
    })
  })

  test('whose SVID OpenSSL does not take refuses everybody with the reason', async () => {
    const source = sourceFor(ID.server)
    const broken = { ...credentials(), marshal: () => ({ certificates: 'none', privateKey: 'none' }) }
    source.getX509SVID = () => broken as unknown as X509SVID
    await using running = await Running.start(
      attach(createServer('tls', mtlsServerOptions(source, authorizeAny()))),
    )
    expect((await visit(running.port, good['issued by the root'])).received).toBe('')
    expect(running.codes).toEqual(['ERR_SPIFFE_TLS_CONTEXT_UNUSABLE'])
  })

  test('verifies clients against other bundles than those of its source, where it is told to', async () => {
    const source = sourceFor(ID.server)
    source.rotate({ bundles: [] })
    const own = mtlsServerOptions(source, authorizeAny())
    const other = mtlsServerOptions(source, authorizeAny(), { bundles: bundleA })
    await using running = await Running.start(attach(createServer('tls', own)))
    await using twin = await Running.start(attach(createServer('tls', other)))
    expect((await visit(running.port, good['issued by the root'])).received).toBe('')
    expect((await visit(twin.port, good['issued by the root'])).received).toBe(`hello ${ID.client}`)
  })
})
