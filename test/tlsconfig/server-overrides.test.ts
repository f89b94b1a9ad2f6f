import { channel } from 'node:diagnostics_channel'
import tls from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  attach,
  authorizeID,
  authorizeMemberOf,
  type MTLSServerOptions,
  mtlsClientOptions,
  mtlsServerOptions,
} from '../../src/tlsconfig/index.ts'
import { post } from './support/callers.ts'
import { createServer, Running, SERVER_KINDS } from './support/servers.ts'
import { expectNobody, VERSIONS, visit } from './support/visitors.ts'
import { credentialsOf, evil, good, ID, issuerA, leafA, rootA, rootB, sourceFor } from './support/world.ts'

const source = sourceFor(ID.server)
const union = [rootA.pem, rootB.pem]
const own = credentialsOf(leafA('spiffe://a.test/somebody-else'), issuerA)
const strangers = [
  evil['of our trust domain, issued by the authority of a federated one'][0],
  evil['issued by an unknown authority'][0],
  evil['without a certificate'][0],
]

const client = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))

const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
afterEach(() => warnings.mockClear())

function options(): MTLSServerOptions {
  return mtlsServerOptions(source, authorizeMemberOf('a.test'))
}

async function expectServed(running: Running): Promise<void> {
  for (const maxVersion of VERSIONS) {
    const { received } = await visit(running.port, good['issued by the root'], { maxVersion })
    expect(received).toContain(`hello ${ID.client}`)
  }
}

const byServerName: tls.TlsOptions = {
  SNICallback: (_name, callback) => callback(null, tls.createSecureContext({ ...own, ca: union })),
}

/** What somebody may spread over our options, be it by mistake. */
const OVERRIDES: Record<string, tls.TlsOptions> = {
  'authorities for OpenSSL': { ca: union },
  'no request for a certificate': { requestCert: false },
  'unauthorized clients let through': { rejectUnauthorized: false },
  'no request and everybody let through': { requestCert: false, rejectUnauthorized: false },
  'a certificate and authorities': { ...own, ca: union },
  'a certificate, authorities and everybody let through': { ...own, ca: union, rejectUnauthorized: false },
  'a session context': { sessionIdContext: 'mine' },
  'a certificate, authorities and a session context': { ...own, ca: union, sessionIdContext: 'mine' },
  'contexts by server name': byServerName,
  'contexts by server name and a session context': { ...byServerName, sessionIdContext: 'mine' },
  'renegotiation and tickets': { secureOptions: 0 },
}

describe.each(['attached', 'forgotten'])('a server that is %s lets nobody in who may not', (kind) => {
  const finish = (server: tls.Server): tls.Server => (kind === 'attached' ? attach(server) : server)

  test.each(Object.entries(OVERRIDES))('with %s set over our options', async (_name, over) => {
    await using running = await Running.start(finish(createServer('https', { ...options(), ...over })))
    await expectServed(running)
    await expectNobody(running, strangers)
  })

  test('after setSecureContext was called on it at first', async () => {
    const server = createServer('https', options())
    server.setSecureContext({ ...own, ca: union })
    await using running = await Running.start(finish(server))
    await expectServed(running)
    await expectNobody(running, strangers)
  })

  test('after setSecureContext was called on it while it serves', async () => {
    await using running = await Running.start(finish(createServer('https', options())))
    await expectServed(running)
    running.server.setSecureContext({ ...own, ca: union })
    // It is our SVID that it presents from the next connection on.
    expect((await post(running.port, client)).peer).toBe(ID.server)
    await expectServed(running)
    await expectNobody(running, strangers)
  })

  test('after a context was added for a server name', async () => {
    const server = createServer('https', options())
    server.addContext('a.example', { ...own, ca: union })
    await using running = await Running.start(finish(server))
    await expectServed(running)
    await expectNobody(running, strangers)
  })
})

describe('a server lets nobody in without a certificate', () => {
  const psk = Buffer.alloc(32, 7)
  const shared = { pskCallback: () => psk, ciphers: 'PSK:HIGH@SECLEVEL=0' } satisfies tls.TlsOptions
  const sharing = { pskCallback: () => ({ psk, identity: 'me' }), ciphers: 'PSK:HIGH@SECLEVEL=0' }

  test.each(VERSIONS)('who has a pre-shared key instead: %s', async (maxVersion) => {
    const stranger = { ...sharing, maxVersion, checkServerIdentity: () => undefined }
    await using twin = await Running.start(createServer('tls', { ...own, ...shared }))
    expect((await visit(twin.port, undefined, stranger)).received).toContain('hello')

    await using running = await Running.start(attach(createServer('tls', { ...options(), ...shared })))
    await expectServed(running)
    running.seen.length = 0
    expect((await visit(running.port, undefined, stranger)).received).toBe('')
    expect(running.seen).toEqual([])
  })

  test('who asks for a handshake without any', async () => {
    const stranger = { ciphers: 'aNULL@SECLEVEL=0', maxVersion: 'TLSv1.2' } as const
    await using twin = await Running.start(createServer('tls', { ciphers: 'aNULL@SECLEVEL=0' }))
    expect((await visit(twin.port, undefined, stranger)).received).toContain('hello')

    const anonymous = { ...options(), ciphers: 'aNULL:HIGH@SECLEVEL=0' }
    await using running = await Running.start(attach(createServer('tls', anonymous)))
    await expectServed(running)
    running.seen.length = 0
    for (const credentials of [undefined, good['issued by the root']]) {
      expect((await visit(running.port, credentials, stranger)).received).toBe('')
    }
    expect(running.seen).toEqual([])
  })
})

test('a guarded server pauses connections where it is told to', async () => {
  const server = createServer('tls', { ...options(), pauseOnConnect: true })
  server.on('secureConnection', (socket) => socket.resume())
  await using running = await Running.start(attach(server))
  await expectServed(running)
  await expectNobody(running, strangers)
})

test.each(SERVER_KINDS)(
  'a forgotten server of %s guards itself when it listens, and says so once',
  async (kind) => {
    await using running = await Running.start(createServer(kind, options()))
    await expectServed(running)
    await expectNobody(running, strangers)
    await new Promise((resolve) => running.server.close(resolve))
    await new Promise<void>((resolve) => running.server.listen(0, '127.0.0.1', resolve))

    expect(warnings).toHaveBeenCalledOnce()
    expect(warnings).toHaveBeenCalledWith(expect.stringContaining('attach(server)'), {
      type: 'SpiffeWarning',
      code: 'SPIFFE_SERVER_NOT_ATTACHED',
    })
  },
)

test('listening is watched once, however many options are made', () => {
  options()
  const subscribe = vi.spyOn(channel('tracing:net.server.listen:asyncStart'), 'subscribe')
  options()
  expect(subscribe).not.toHaveBeenCalled()
  subscribe.mockRestore()
})

test('an attached server listens without a warning', async () => {
  await using running = await Running.start(attach(createServer('https', options())))
  await expectServed(running)
  expect(warnings).not.toHaveBeenCalled()
})

test('a server of somebody else listens without a guard and without a warning', async () => {
  await using running = await Running.start(createServer('tls', own))
  const { received } = await visit(running.port, undefined)
  expect(received).toBe('hello ERR_SPIFFE_TLS_NO_PEER_ID')
  expect(warnings).not.toHaveBeenCalled()
})
