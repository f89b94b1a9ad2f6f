import { constants, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import {
  attach,
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  mtlsClientOptions,
  mtlsServerOptions,
} from '../../src/tlsconfig/index.ts'
import { post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { VERSIONS } from './support/visitors.ts'
import {
  bundleB,
  type Credentials,
  credentialsOf,
  good,
  ID,
  issuerA,
  leafA,
  rootA,
  sourceFor,
} from './support/world.ts'

const member = good['issued by the root']
const naive = { ...credentialsOf(leafA(ID.server), issuerA), ca: rootA.pem, requestCert: true }

interface Reconnection {
  readonly session: Buffer | undefined
  readonly reused: boolean
  readonly received: string
}

/** Connects as a client that keeps the session it is given, and comes back with the one of before. */
function connect(
  port: number,
  credentials: Credentials | undefined,
  options: tls.ConnectionOptions,
): Promise<Reconnection> {
  return new Promise((resolve) => {
    let session: Buffer | undefined
    let reused = false
    let received = ''
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...credentials,
      ...options,
    })
    socket.on('session', (given) => {
      session = given
    })
    socket.on('secureConnect', () => {
      reused = socket.isSessionReused()
      session ??= socket.getSession()
    })
    socket.on('data', (data) => {
      received += data.toString('latin1')
      socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve({ session, reused, received }))
    socket.write('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n')
  })
}

describe.each(VERSIONS)('over %s, a client', (maxVersion) => {
  const comeBack = async (
    running: Running,
    credentials: Credentials | undefined,
  ): Promise<{ first: Reconnection; second: Reconnection }> => {
    const hello = { maxVersion, servername: 'a.example' }
    const first = await connect(running.port, member, hello)
    const second = await connect(running.port, credentials, { ...hello, session: first.session })
    return { first, second }
  }

  test('that comes back without its key is let in by a server without a guard', async () => {
    await using running = await Running.start(createServer('https', naive))
    const { second } = await comeBack(running, undefined)
    expect(second).toMatchObject({ reused: true, received: expect.stringContaining('hello') })
  })

  test.each<[string, tls.TlsOptions]>([
    ['', {}],
    [' with ticket keys of its own', { ticketKeys: randomBytes(48) }],
    [
      ' with ticket keys of its own and tickets switched on',
      { ticketKeys: randomBytes(48), secureOptions: 0 },
    ],
    [
      ' with contexts of its own',
      { SNICallback: (_name, done) => done(null, tls.createSecureContext(naive)) },
    ],
  ])('resumes nothing at a guarded server%s', async (_what, over) => {
    const options = { ...mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test')), ...over }
    await using running = await Running.start(attach(createServer('https', options)))

    const withKey = await comeBack(running, member)
    expect(withKey.first.received).toContain(`hello ${ID.client}`)
    expect(withKey.second).toMatchObject({ reused: false, received: expect.stringContaining(ID.client) })
    const withoutKey = await comeBack(running, undefined)
    expect(withoutKey.second).toMatchObject({ reused: false, received: '' })
  })

  test('resumes nothing at a guarded server that keeps sessions, whose listeners are not even asked', async () => {
    let asked = 0
    const note = (): void => {
      asked++
    }
    const options = mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test'))
    const { SSL_OP_NO_TICKET: secureOptions } = constants
    await using twin = await Running.start(
      keepSessions(createServer('https', { ...naive, secureOptions }), note),
    )
    await comeBack(twin, undefined)

    await using running = await Running.start(attach(keepSessions(createServer('https', options), note)))
    expect(asked).not.toBe(0)
    asked = 0
    expect((await comeBack(running, undefined)).second).toMatchObject({ reused: false, received: '' })
    expect((await comeBack(running, member)).second).toMatchObject({ reused: false })
    expect(asked).toBe(0)
  })

  test('is refused with a session when another server, which resumes, hands it on', async () => {
    const server = attach(
      createServer('https', mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test'))),
    )
    const front = tls.createServer(naive, (socket) => server.emit('secureConnection', socket))
    const codes: unknown[] = []
    server.on('tlsClientError', (error: Error & { code?: string }) => codes.push(error.code))
    await using running = await Running.start(front)

    const { first, second } = await comeBack(running, member)
    expect(first.received).toContain(`hello ${ID.client}`)
    expect(second).toMatchObject({ reused: true, received: '' })
    expect(codes).toEqual(['ERR_SPIFFE_TLS_SESSION_RESUMED'])
  })

  test('is refused when it comes back after its authority has left the bundle', async () => {
    const source = sourceFor(ID.server)
    const options = mtlsServerOptions(source, authorizeAny())
    await using running = await Running.start(attach(createServer('https', options)))
    const first = await connect(running.port, member, { maxVersion })
    expect(first.received).toContain(`hello ${ID.client}`)
    source.rotate({ bundles: [bundleB] })
    expect((await connect(running.port, member, { maxVersion, session: first.session })).received).toBe('')
    expect(running.codes).toEqual(['ERR_SPIFFE_X509_SVID_NO_BUNDLE'])
  })
})

describe.each(VERSIONS)('over %s, our client', (maxVersion) => {
  /** A server that gives out tickets, and what it knows of its connections. */
  async function ticketServer(): Promise<Running & { readonly resumed: boolean[] }> {
    const running = await Running.start(createServer('https', { ...naive, maxVersion }))
    const resumed: boolean[] = []
    running.server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()))
    return Object.assign(running, { resumed })
  }

  const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))

  test('resumes nothing through an agent that keeps sessions, unlike others', async () => {
    await using running = await ticketServer()
    const agent = new https.Agent({ keepAlive: false, maxCachedSessions: 10 })
    const credentials = { ...member, ca: rootA.pem, checkServerIdentity: () => undefined }
    const twin = new https.Agent({ keepAlive: false, ...credentials })
    for (const _time of [1, 2, 3]) await request(running.port, { agent: twin })
    expect(running.resumed).toEqual([false, true, true])

    running.resumed.length = 0
    for (const _time of [1, 2, 3]) await post(running.port, { ...options, agent })
    expect(running.resumed).toEqual([false, false, false])
  })

  test('resumes nothing through an agent made with the options', async () => {
    await using running = await ticketServer()
    const agent = new https.Agent({ ...options, keepAlive: false })
    for (const _time of [1, 2, 3]) await post(running.port, { agent })
    expect(running.resumed).toEqual([false, false, false])
  })

  test('refuses to resume a session that somebody passes to it', async () => {
    // Over TLS 1.2 our client offers no tickets, and so the server has to keep the sessions.
    await using running = await (maxVersion === 'TLSv1.2' ? sessionServer() : ticketServer())
    const earlier = await connect(running.port, member, { maxVersion, ca: rootA.pem })
    const again = await connect(running.port, member, { maxVersion, session: earlier.session })
    expect(again.reused).toBe(true)

    const socket = tls.connect({
      ...options,
      host: '127.0.0.1',
      port: running.port,
      session: earlier.session,
    })
    socket.write('secret')
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ERR_SPIFFE_TLS_SESSION_RESUMED' })
  })
})

async function sessionServer(): Promise<Running> {
  const { SSL_OP_NO_TICKET: secureOptions } = constants
  return Running.start(
    keepSessions(createServer('https', { ...naive, maxVersion: 'TLSv1.2', secureOptions })),
  )
}

function keepSessions(server: tls.Server, asked: () => void = () => {}): tls.Server {
  const kept = new Map<string, Buffer>()
  return server
    .on('newSession', (id, session, done) => {
      asked()
      kept.set(id.toString('hex'), session)
      done()
    })
    .on('resumeSession', (id, done) => {
      asked()
      done(null, kept.get(id.toString('hex')) ?? null)
    })
}

function request(port: number, options: https.RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    https
      .get({ host: '127.0.0.1', port, ...options }, (response) => response.resume().on('end', resolve))
      .on('error', reject)
  })
}
