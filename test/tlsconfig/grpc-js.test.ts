import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { X509ContextSource } from '../../src/svid/source.ts'
import {
  attach,
  authorizeID,
  mtlsClientOptions,
  mtlsServerOptions,
  peerID,
} from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import type { StaticSource } from '../support/static-source.ts'
import {
  type Credentials,
  credentialsOf,
  evil,
  good,
  ID,
  issuerA,
  issuerB,
  leafA,
  rootUnknown,
  sourceFor,
  svidOf,
} from './support/world.ts'

const asItIs = (bytes: Buffer): Buffer => bytes
const definition = {
  path: '/a.test.Greeter/Greet',
  requestStream: false,
  responseStream: false,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
} as const

/** A service of gRPC that takes connections from a server of `tls`, as docs/migrating-from-go.md shows it. */
class Service implements AsyncDisposable {
  /** Who has connected, and with which certificate. */
  readonly callers: { readonly id: string; readonly leaf: Buffer }[] = []
  handled = 0
  readonly #grpc: grpc.Server
  readonly #tls: tls.Server

  constructor(options: tls.TlsOptions, attached: (server: tls.Server) => tls.Server) {
    this.#grpc = new grpc.Server({ 'grpc.max_connection_age_ms': 200 })
    const greet: grpc.handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
      this.handled += 1
      callback(null, Buffer.from('hello'))
    }
    this.#grpc.addService({ greet: definition }, { greet })
    const injector = this.#grpc.createConnectionInjector(grpc.ServerCredentials.createInsecure())
    const server = tls.createServer({ ALPNProtocols: ['h2'], ...options }, (socket) => {
      injector.injectConnection(socket)
    })
    this.#tls = attached(server)
  }

  /** One that our guard stands before. */
  static async guarded(source: X509ContextSource): Promise<Service> {
    const service = new Service(mtlsServerOptions(source, authorizeID(ID.client)), attach)
    service.#tls.on('secureConnection', (socket) => {
      service.callers.push({ id: peerID(socket).toString(), leaf: socket.getPeerCertificate().raw })
    })
    return service.#listen()
  }

  /** One that presents whatever it has to whoever comes. */
  static async unguarded(credentials: tls.TlsOptions): Promise<Service> {
    return new Service(credentials, (server) => server).#listen()
  }

  get target(): string {
    return `localhost:${(this.#tls.address() as AddressInfo).port}`
  }

  async #listen(): Promise<this> {
    this.#tls.on('tlsClientError', () => {})
    this.#tls.listen(0, 'localhost')
    await once(this.#tls, 'listening')
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#grpc.forceShutdown()
    this.#tls.close()
    await once(this.#tls, 'close')
  }
}

function clientOf(service: Service, credentials: grpc.ChannelCredentials): grpc.Client {
  return new grpc.Client(service.target, credentials, {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
}

/**
 * Our options in the hands of gRPC, which passes only these on. The authorizer names no trust domain, so that OpenSSL
 * trusts the authorities of all.
 */
function credentialsFor(source: X509ContextSource): grpc.ChannelCredentials {
  const { secureContext, checkServerIdentity } = mtlsClientOptions(source, (id) => id.memberOf('a.test'))
  return grpc.credentials.createFromSecureContext(secureContext, {
    checkServerIdentity,
    rejectUnauthorized: true,
  })
}

/** Somebody who takes any server that `a.test` issued a certificate for. */
function strangerWith(credentials: Credentials | undefined): grpc.ChannelCredentials {
  const secureContext = tls.createSecureContext({
    ...credentials,
    ca: issuerA.pem,
    allowPartialTrustChain: true,
  })
  return grpc.credentials.createFromSecureContext(secureContext, { checkServerIdentity: () => undefined })
}

async function greet(client: grpc.Client): Promise<string> {
  return new Promise((resolve, reject) => {
    const answer: grpc.requestCallback<Buffer> = (error, bytes) =>
      error ? reject(error) : resolve(String(bytes))
    client.makeUnaryRequest(definition.path, asItIs, asItIs, Buffer.from('hi'), answer)
  })
}

/** What somebody gets who calls once. */
async function visit(service: Service, credentials: grpc.ChannelCredentials): Promise<string> {
  const client = clientOf(service, credentials)
  try {
    return await greet(client)
  } catch (error) {
    return grpc.status[(error as grpc.ServiceError).code] ?? String(error)
  } finally {
    client.close()
  }
}

describe('a service of gRPC behind the guard', () => {
  let serverSource: StaticSource
  let service: Service
  beforeEach(async () => {
    serverSource = sourceFor(ID.server)
    service = await Service.guarded(serverSource)
  })
  afterEach(() => service[Symbol.asyncDispose]())

  test('answers whom the authorizer admits', async () => {
    expect(await visit(service, credentialsFor(sourceFor(ID.client)))).toBe('hello')
    expect(service.callers.map(({ id }) => id)).toEqual([ID.client])
  })

  test.each(Object.entries(evil))('answers nobody who is %s', async (_name, [credentials]) => {
    expect(await visit(service, strangerWith(good['with an intermediate']))).toBe('hello')
    expect(await visit(service, strangerWith(credentials))).toBe('UNAVAILABLE')
    expect(service.handled).toBe(1)
  })

  test('answers nobody whom the authorizer does not admit', async () => {
    expect(await visit(service, credentialsFor(sourceFor('spiffe://a.test/other')))).toBe('UNAVAILABLE')
    expect(service.handled).toBe(0)
  })

  test('is called with the newest SVID on each new connection, which its longest age brings about', async () => {
    const source = sourceFor(ID.client)
    const client = clientOf(service, credentialsFor(source))
    expect(await greet(client)).toBe('hello')
    const renewed = leafA(ID.client)
    source.rotate({ svid: svidOf(renewed, issuerA) })
    while (service.callers.length < 2) expect(await greet(client)).toBe('hello')
    client.close()
    expect(service.callers[0]?.leaf.equals(renewed.der)).toBe(false)
    expect(service.callers[1]?.leaf.equals(renewed.der)).toBe(true)
  })
})

describe('a client of gRPC with our options', () => {
  test('calls no server whose ID the authorizer does not admit', async () => {
    await using service = await Service.unguarded(credentialsOf(leafA('spiffe://b.test/server'), issuerA))
    expect(await visit(service, credentialsFor(sourceFor(ID.client)))).toBe('UNAVAILABLE')
    expect(service.handled).toBe(0)
  })

  test.each([
    ['a federated authority', credentialsOf(mintLeaf(ID.server, issuerB), issuerB)],
    ['an unknown authority', credentialsOf(mintLeaf(ID.server, rootUnknown))],
  ])('calls no server whose ID %s vouches for', async (_name, credentials) => {
    await using twin = await Service.unguarded(credentialsOf(leafA(ID.server), issuerA))
    expect(await visit(twin, credentialsFor(sourceFor(ID.client)))).toBe('hello')
    await using service = await Service.unguarded(credentials)
    expect(await visit(service, credentialsFor(sourceFor(ID.client)))).toBe('UNAVAILABLE')
    expect(service.handled).toBe(0)
  })

  test('fails where the source has no identity, and works again once it has', async () => {
    await using service = await Service.guarded(sourceFor(ID.server))
    const source = sourceFor(ID.client)
    const credentials = credentialsFor(source)
    source.fail(new Error('closed'))
    expect(await visit(service, credentials)).toBe('UNAVAILABLE')
    source.recover()
    expect(await visit(service, credentials)).toBe('hello')
  })
})
