import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { describe, expect, test, vi } from 'vitest'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { SpiffeError } from '../../src/errors.ts'
import {
  attach,
  authorizeID,
  mtlsClientOptions,
  mtlsServerOptions,
  peerID,
} from '../../src/tlsconfig/index.ts'
import { mint, mintCA, mintLeaf } from '../support/mint.ts'
import { CALLERS, post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { VERSIONS } from './support/visitors.ts'
import {
  type Credentials,
  credentialsOf,
  ID,
  issuerA,
  issuerB,
  leafA,
  rootA,
  rootUnknown,
  sourceFor,
} from './support/world.ts'

const source = sourceFor(ID.client)

const servers = {
  good: credentialsOf(leafA(ID.server), issuerA),
  'good, issued by the root': credentialsOf(mintLeaf(ID.server, rootA)),
}

const impostors = {
  'issued by the authority of a federated trust domain': [
    credentialsOf(mintLeaf(ID.server, issuerB), issuerB),
    'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
  ],
  'issued by an unknown authority': [
    credentialsOf(mintLeaf(ID.server, rootUnknown)),
    'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
  ],
  'self-signed': [credentialsOf(mint({ uris: [ID.server] })), 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY'],
  'another member of its trust domain': [
    credentialsOf(leafA('spiffe://a.test/other'), issuerA),
    'ERR_SPIFFE_TLS_UNAUTHORIZED',
  ],
  'a member of a federated trust domain': [
    credentialsOf(mintLeaf('spiffe://b.test/server', issuerB), issuerB),
    'ERR_SPIFFE_TLS_UNAUTHORIZED',
  ],
  'of a trust domain without a bundle': [
    credentialsOf(mintLeaf('spiffe://c.test/server', rootUnknown)),
    'ERR_SPIFFE_X509_SVID_NO_BUNDLE',
  ],
} as const

describe.each(VERSIONS)('over %s', (maxVersion) => {
  describe.each(Object.entries(CALLERS))('%s', (_caller, [kind, call]) => {
    const options = mtlsClientOptions(source, authorizeID(ID.server))

    test.each(Object.entries(servers))(
      'talks to the server that it means: %s',
      async (_name, credentials) => {
        await using running = await Running.start(createServer(kind, { ...credentials, maxVersion }))

        const { peer, text } = await call(running.port, options)

        expect(peer).toBe(ID.server)
        expect(text).toMatch(/^hello/)
        expect(running.seen).toContain(kind === 'http2' ? 'stream' : 'data')
      },
    )

    test.each(Object.entries(impostors))('tells nothing to one %s', async (_name, [credentials, code]) => {
      await using running = await Running.start(createServer(kind, { ...credentials, maxVersion }))

      const error = await call(running.port, options).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )

      expect(error).toBeInstanceOf(SpiffeError)
      expect(error).toMatchObject({ code })
      expect(running.seen.filter((event) => event !== 'secureConnection' && event !== 'session')).toEqual([])
    })
  })
})

test('an authority that OpenSSL cannot read takes none with it that comes behind', async () => {
  // A common name that is no UTF-8.
  const unreadable = mintCA({ subject: Buffer.from('300d310b300906035504030c02fffe', 'hex') })
  expect(() => new X509Certificate(Buffer.from(unreadable.der))).toThrow()
  const trusting = sourceFor(ID.client)
  const authorities = [unreadable.der, rootA.der]
  trusting.rotate({ bundles: [X509Bundle.fromX509Authorities('a.test', authorities)] })
  await using running = await Running.start(createServer('tls', servers.good))

  const options = mtlsClientOptions(trusting, authorizeID(ID.server))
  const socket = tls.connect({ ...options, host: '127.0.0.1', port: running.port })
  await once(socket, 'secureConnect')

  expect(peerID(socket).uri).toBe(ID.server)
  socket.destroy()
})

test('a client holds through a second ClientHello, and through who wraps the emit of its socket', async () => {
  let asked = 0
  const options = mtlsClientOptions(source, () => {
    asked++
    return true
  })
  // Node offers a key share of X25519 at first: the server asks for another one (RFC 8446 §4.1.4).
  const settings = { ...servers.good, ecdhCurve: 'P-384', minVersion: 'TLSv1.3' } as const
  await using running = await Running.start(createServer('tls', settings))
  const socket = tls.connect({ ...options, host: '127.0.0.1', port: running.port })
  const events: unknown[] = []
  socket.once('connect', () => {
    setImmediate(() => {
      const { emit } = socket
      Object.assign(socket, {
        emit: (event: string, ...args: unknown[]) => {
          events.push(event)
          return Reflect.apply(emit, socket, [event, ...args])
        },
      })
    })
  })
  await once(socket, 'secureConnect')
  expect(asked).toBe(1)
  expect(events).toEqual(expect.arrayContaining(['secure', 'secureConnect']))
  expect(peerID(socket).toString()).toBe(ID.server)
  socket.destroy()
})

test('the certificate that Node and the user read is the one of the server', async () => {
  await using running = await Running.start(createServer('tls', servers.good))
  const read: unknown[] = []
  const natively = vi.spyOn(tls.TLSSocket.prototype, 'getPeerCertificate')
  const socket = tls.connect({
    ...mtlsClientOptions(source, authorizeID(ID.server)),
    host: '127.0.0.1',
    port: running.port,
    checkServerIdentity: (_host, { raw }) => {
      read.push(raw.toString('hex'))
      return undefined
    },
  })
  socket.on('secure', () => read.push(socket.getPeerCertificate(false).raw.toString('hex')))
  await once(socket, 'secureConnect')
  // The chain takes long to read, and Node asks for it right after the guard.
  expect(natively.mock.calls.filter(([detailed]) => detailed === true)).toHaveLength(1)
  natively.mockRestore()
  read.push(
    socket.getPeerCertificate(true).raw.toString('hex'),
    socket.getPeerCertificate().raw.toString('hex'),
  )
  expect(read).toHaveLength(4)
  expect(new Set(read).size).toBe(1)
  expect(socket.getPeerCertificate(true).issuerCertificate).toBeDefined()
  socket.destroy()
})

test('a client holds while Node tries one address after the other', async () => {
  const lookup: net.LookupFunction = (_host, _options, done) =>
    done(null, [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ])
  const options = { ...mtlsClientOptions(source, authorizeID(ID.server)), lookup, autoSelectFamily: true }
  const connect = async (credentials: Credentials): Promise<string> => {
    await using running = await Running.start(createServer('tls', credentials))
    const socket = tls.connect({ ...options, host: 'server.example', port: running.port })
    await once(socket, 'secureConnect')
    socket.destroy()
    return peerID(socket).toString()
  }
  expect(await connect(servers.good)).toBe(ID.server)
  const [impostor, code] = impostors['issued by an unknown authority']
  await expect(connect(impostor)).rejects.toMatchObject({ code })
})

test('a client and a server talk over a unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'))
  const path = join(folder, 'server.sock')
  const server = attach(createServer('tls', mtlsServerOptions(sourceFor(ID.server), authorizeID(ID.client))))
  await once(server.listen(path), 'listening')
  const socket = tls.connect({ ...mtlsClientOptions(source, authorizeID(ID.server)), path })
  socket.write('who am I?')
  expect(String((await once(socket, 'data'))[0])).toBe(`hello ${ID.client}`)
  expect(peerID(socket).toString()).toBe(ID.server)
  socket.destroy()
  server.close()
  rmSync(folder, { recursive: true })
})

test('an agent uses the options it was made with, whatever a request says', async () => {
  await using running = await Running.start(createServer('https', servers.good))
  const agent = new https.Agent(mtlsClientOptions(source, authorizeID(ID.server)))
  const stricter = mtlsClientOptions(source, authorizeID('spiffe://a.test/other'))
  expect((await post(running.port, { ...stricter, agent })).peer).toBe(ID.server)
  await expect(post(running.port, stricter)).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED' })
})
