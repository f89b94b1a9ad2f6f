import { EventEmitter, once } from 'node:events'
import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { SVIDError } from '../../src/svid/error.ts'
import {
  attach,
  authorizeMemberOf,
  type MTLSServerOptions,
  mtlsServerOptions,
  peerID,
  TLSConfigError,
} from '../../src/tlsconfig/index.ts'
import { mint } from '../support/mint.ts'
import { createServer, Running, SERVER_KINDS } from './support/servers.ts'
import { expectNobody, HELLOS, VERSIONS, visit } from './support/visitors.ts'
import {
  type Credentials,
  credentialsOf,
  evil,
  good,
  ID,
  issuerA,
  leafA,
  rootA,
  rootB,
  sourceFor,
} from './support/world.ts'

const source = sourceFor(ID.server)
const member = good['with an intermediate']
const [impostor] = evil['of our trust domain, issued by the authority of a federated one']
const union = [rootA.pem, rootB.pem]
const own = credentialsOf(leafA('spiffe://a.test/somebody-else'), issuerA)

function options(): MTLSServerOptions {
  return mtlsServerOptions(source, authorizeMemberOf('a.test'))
}

async function expectServed(running: Running): Promise<void> {
  const { received } = await visit(running.port, member)
  expect(received).toContain(`hello ${ID.client}`)
}

/** A plain TCP server that hands its connections to somebody. */
async function listen(take: (raw: net.Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((raw) => {
    sockets.add(raw)
    take(raw)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('attach', () => {
  test('returns the server that it was given, also a second time', () => {
    const server = createServer('https', options())
    expect(attach(server)).toBe(server)
    const { emit } = server
    expect(attach(server)).toBe(server)
    expect(server.emit).toBe(emit)
  })

  test.each([undefined, null, {}, net.createServer(), 'server'])(
    'refuses what is no TLS server: %s',
    (value) => {
      expect(() => Reflect.apply(attach, undefined, [value])).toThrow(/attach takes a server/)
    },
  )

  test('refuses a server that was created with other options', () => {
    expect(() => attach(tls.createServer(own))).toThrow(/mtlsServerOptions/)
  })

  test('refuses a server on which every mark that leads to its policy was replaced', async () => {
    const { sessionIdContext, ...rest } = options()
    const server = createServer('https', { ...rest, ca: union, SNICallback: (_name, done) => done(null) })
    expect(() => attach(server)).toThrow(TypeError)
    void sessionIdContext
  })
})

describe('a server that was not attached', () => {
  test.each(SERVER_KINDS)('completes no handshake over connections that it is fed: %s', async (kind) => {
    const feed = async (server: tls.Server): Promise<string[]> => {
      await using feeder = await listen((raw) => server.emit('connection', raw))
      const answers: string[] = []
      for (const hello of Object.values(HELLOS)) {
        for (const maxVersion of VERSIONS) {
          const { received, secured } = await visit(feeder.port, member, { ...hello, maxVersion })
          answers.push(secured ? 'secured' : received)
        }
      }
      return answers
    }
    // Its twin, which was attached, takes every one of them.
    expect(new Set(await feed(attach(createServer(kind, options()))))).toEqual(new Set(['secured']))
    expect(new Set(await feed(createServer(kind, options())))).toEqual(new Set(['']))
  })

  test.each(VERSIONS)('is no use to a TLSSocket made of its options: %s', async (maxVersion) => {
    const seen: string[] = []
    await using feeder = await listen((raw) => {
      const socket = new tls.TLSSocket(raw, { isServer: true, ...options() })
      socket.on('secure', () => seen.push('secure'))
      socket.on('error', () => {})
    })
    const { secured, error } = await visit(feeder.port, member, { maxVersion })
    expect(secured).toBe(false)
    expect(error).toBeDefined()
    expect(seen).toEqual([])
  })
})

describe('a server that cannot be attached when it listens', () => {
  test('refuses every connection, and says why, where the marks are gone', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { SNICallback: _mark, ca: _other, ...rest } = options()
    const server = createServer('https', { ...rest, ...own, ca: union })
    await using running = await Running.start(server)
    expect(warnings).toHaveBeenCalledWith(
      expect.stringContaining('refuses every connection'),
      expect.anything(),
    )

    await expectNobody(running, [member, impostor, undefined])

    expect(new Set(running.codes)).toEqual(new Set(['ERR_SPIFFE_TLS_NOT_GUARDED']))
    expect(running.refused[0]?.cause).toBeInstanceOf(TypeError)
    warnings.mockRestore()
  })

  test('refuses every connection where its emit cannot be replaced', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const server = createServer('https', options())
    server.setSecureContext({ ...own, ca: union })
    Object.defineProperty(server, 'emit', { value: server.emit, writable: false, configurable: false })
    await using running = await Running.start(server)

    await expectNobody(running, [member, impostor, undefined])

    expect(warnings).toHaveBeenCalledOnce()
    warnings.mockRestore()
  })
})

describe('the guard', () => {
  test('tells the listeners of tlsClientError who was refused and why', async () => {
    await using running = await Running.start(attach(createServer('tls', options())))
    const addresses: (string | undefined)[] = []
    running.server.on('tlsClientError', (_error, socket) => {
      expect(socket).toBeInstanceOf(tls.TLSSocket)
      expect(socket.destroyed).toBe(true)
      addresses.push(socket.remoteAddress)
    })

    await visit(running.port, evil['of a federated trust domain'][0])
    await visit(running.port, impostor)

    const [unauthorized, untrusted] = running.refused
    expect(unauthorized).toBeInstanceOf(TLSConfigError)
    expect(unauthorized).toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED', spiffeID: ID.foreign })
    expect(unauthorized?.message).toContain(`${ID.foreign} is not a member of a.test`)
    expect(untrusted).toBeInstanceOf(SVIDError)
    expect(untrusted).toMatchObject({ code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY', spiffeID: ID.client })
    expect(addresses).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  test('shows listeners a socket that is authorized', async () => {
    const sockets: tls.TLSSocket[] = []
    const server = attach(createServer('tls', options()))
    server.on('secureConnection', (socket) => sockets.push(socket))
    await using running = await Running.start(server)
    await expectServed(running)
    expect(sockets).toHaveLength(1)
    expect(sockets[0]).toMatchObject({ authorized: true, authorizationError: null })
  })

  test('reads more than the leaf only of clients that need it, and whose trust domain is trusted', async () => {
    const read = vi.spyOn(tls.TLSSocket.prototype, 'getPeerX509Certificate')
    await using running = await Running.start(attach(createServer('tls', options())))
    const chainsRead = async (credentials: Credentials | undefined): Promise<number> => {
      read.mockClear()
      await visit(running.port, credentials)
      return read.mock.calls.length
    }
    expect(await chainsRead(good['with an intermediate'])).toBe(1)
    expect(await chainsRead(good['issued by the root'])).toBe(0)
    expect(await chainsRead(impostor)).toBe(1)
    expect(await chainsRead(evil['of a trust domain without a bundle'][0])).toBe(0)
    expect(await chainsRead(evil['without a certificate'][0])).toBe(0)
    expect(await chainsRead(credentialsOf(mint({ uris: ['https://a.test/'] })))).toBe(1)
    read.mockRestore()
  })

  test('judges a connection once, however often it is announced', async () => {
    let asked = 0
    const server = attach(
      createServer(
        'tls',
        mtlsServerOptions(source, () => {
          asked++
          return true
        }),
      ),
    )
    const seen: tls.TLSSocket[] = []
    server.on('secureConnection', (socket) => seen.push(socket))
    server.once('secureConnection', (socket) => server.emit('secureConnection', socket))
    await using running = await Running.start(server)
    await expectServed(running)
    expect(seen).toHaveLength(2)
    expect(asked).toBe(1)
  })

  test('keeps the private key out of sight', async () => {
    await using running = await Running.start(attach(createServer('https', options())))
    await expectServed(running)
    expect(inspect(running.server, { depth: 9, showHidden: true })).not.toContain('PRIVATE KEY')
  })

  test('refuses TLS 1.1, also where the options ask for it', async () => {
    const server = attach(createServer('tls', { ...options(), minVersion: 'TLSv1' }))
    await using running = await Running.start(server)
    await expectServed(running)
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    const { secured, error } = await visit(running.port, member, old)
    expect(secured).toBe(false)
    expect(error?.message).toMatch(/alert protocol version/)
  })

  test('keeps the TLS settings of the user through rotations', async () => {
    const settings = { minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' } as const
    const server = attach(createServer('tls', { ...options(), ...settings }))
    await using running = await Running.start(server)
    expect((await visit(running.port, member, { maxVersion: 'TLSv1.2' })).secured).toBe(false)
    const ciphers: unknown[] = []
    running.server.on('secureConnection', (socket) => ciphers.push(socket.getCipher().standardName))
    await expectServed(running)
    expect(ciphers).toEqual(['TLS_CHACHA20_POLY1305_SHA256'])
  })

  test('judges clients over streams that are no sockets', async () => {
    const server = attach(createServer('tls', options()))
    await using feeder = await listen((raw) => {
      const duplex = Duplex.from({ readable: raw, writable: raw })
      duplex.on('error', () => {})
      server.emit('connection', duplex)
    })
    expect((await visit(feeder.port, member)).received).toBe(`hello ${ID.client}`)
    expect((await visit(feeder.port, impostor)).received).toBe('')
  })

  test('swallows what is no TLS socket', () => {
    const server = attach(createServer('tls', options()))
    const seen: unknown[] = []
    server.on('secureConnection', (socket) => seen.push(socket))
    expect(server.emit('secureConnection', new Duplex())).toBe(false)
    expect(seen).toEqual([])
  })

  test('passes other events on, with all that belongs to them', () => {
    const server = attach(createServer('tls', options()))
    const seen: unknown[] = []
    server.on('custom', (...args: unknown[]) => seen.push(...args))
    expect(server.emit('custom', 1, 2)).toBe(true)
    expect(server.emit('unheard')).toBe(false)
    expect(seen).toEqual([1, 2])
  })

  test('judges a socket that another server hands on', async () => {
    // Renegotiation apart, which has a test of its own: any TLS server can pass its sockets to ours.
    const server = attach(createServer('https', options()))
    const naive = tls.createServer({ ...own, ca: union, requestCert: true, rejectUnauthorized: false })
    naive.on('secureConnection', (socket) => server.emit('secureConnection', socket))
    await using running = await Running.start(naive)
    expect((await visit(running.port, member)).received).toContain(`hello ${ID.client}`)
    expect((await visit(running.port, impostor)).received).toBe('')
    expect((await visit(running.port, undefined)).received).toBe('')
  })

  test('judges a socket again that an attached server hands to another one', async () => {
    const other = attach(createServer('https', mtlsServerOptions(source, authorizeMemberOf('a.test'))))
    const strict = attach(
      createServer(
        'https',
        mtlsServerOptions(source, (id) => id.path === '/nobody'),
      ),
    )
    const lax = attach(tls.createServer(options()))
    lax.on('secureConnection', (socket) => {
      expect(peerID(socket).toString()).toBe(ID.client)
      next.emit('secureConnection', socket)
    })
    await using running = await Running.start(lax)
    let next: tls.Server = other
    expect((await visit(running.port, member)).received).toContain(`hello ${ID.client}`)
    next = strict
    expect((await visit(running.port, member)).received).toBe('')
  })
})

describe('the guard and those who wrap', () => {
  /** Serves as monitoring tools wrap methods, and as they unwrap them. */
  function wrap(
    target: EventEmitter,
    wrapper: (emit: EventEmitter['emit']) => EventEmitter['emit'],
  ): () => void {
    const original = target.emit
    const enumerable = Object.prototype.propertyIsEnumerable.call(target, 'emit')
    const define = (value: unknown): unknown =>
      Object.defineProperty(target, 'emit', { value, configurable: true, writable: true, enumerable })
    define(wrapper(original))
    return () => define(original)
  }

  const observing =
    (seen: unknown[]) =>
    (emit: EventEmitter['emit']): EventEmitter['emit'] =>
      function (this: EventEmitter, event, ...args) {
        seen.push(event)
        return Reflect.apply(emit, this, [event, ...args])
      }

  const deferring = (emit: EventEmitter['emit']): EventEmitter['emit'] =>
    function (this: EventEmitter, event, ...args) {
      if (event !== 'connection') return Reflect.apply(emit, this, [event, ...args])
      setImmediate(() => Reflect.apply(emit, this, [event, ...args]))
      return true
    }

  test.each(['before', 'after'])('holds with a wrapper that was put on %s it', async (when) => {
    const server = createServer('https', options())
    const seen: unknown[] = []
    if (when === 'after') attach(server)
    const unwrap = wrap(server, observing(seen))
    if (when === 'before') attach(server)
    await using running = await Running.start(server)
    await expectServed(running)
    expect(seen).toEqual(expect.arrayContaining(['connection', 'secureConnection', 'request']))
    await expectNobody(running, [impostor, undefined])
    if (when === 'after') {
      unwrap()
      await expectServed(running)
      await expectNobody(running, [impostor, undefined])
    }
  })

  test('serves through a wrapper that defers connections', async () => {
    const server = attach(createServer('https', options()))
    wrap(server, deferring)
    await using running = await Running.start(server)
    await expectServed(running)
    await expectNobody(running, [impostor, undefined])
  })

  test('refuses everybody where a wrapper beneath it defers connections', async () => {
    const server = createServer('https', options())
    wrap(server, deferring)
    await using running = await Running.start(attach(server))
    await expectNobody(running, [member, impostor, undefined])
  })

  test('reaches a wrapper of the class that comes later', async () => {
    const seen: unknown[] = []
    const server = attach(createServer('https', options()))
    const unwrap = wrap(Object.getPrototypeOf(server), observing(seen))
    try {
      await using running = await Running.start(server)
      await expectServed(running)
      expect(seen).toContain('request')
      await expectNobody(running, [impostor, undefined])
    } finally {
      unwrap()
    }
  })

  test.each([
    ['deleted', (server: tls.Server) => Reflect.deleteProperty(server, 'emit')],
    ['replaced', (server: tls.Server) => Object.assign(server, { emit: EventEmitter.prototype.emit })],
  ])('leaves a server that refuses everybody where it is %s', async (_how, remove) => {
    const server = attach(createServer('https', options()))
    await using running = await Running.start(server)
    await expectServed(running)
    remove(server)
    await expectNobody(running, [member, impostor, undefined])
  })

  test('leaves nobody in whose connection is handed past it', async () => {
    const server = attach(createServer('https', options()))
    await using running = await Running.start(server)
    await expectServed(running)
    await using feeder = await listen((raw) => {
      for (const listener of server.listeners('connection')) Reflect.apply(listener, server, [raw])
    })
    running.seen.length = 0
    for (const credentials of [member, impostor, undefined]) {
      expect((await visit(feeder.port, credentials)).received).toBe('')
    }
    expect(running.seen).toEqual([])
  })
})
