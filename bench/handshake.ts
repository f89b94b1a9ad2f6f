import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { X509Bundle } from '../src/bundle/x509/x509-bundle.ts'
import { X509SVID } from '../src/svid/x509/x509-svid.ts'
import { attach, authorizeMemberOf, mtlsClientOptions, mtlsServerOptions } from '../src/tlsconfig/index.ts'
import { type Minted, mintCA, mintLeaf } from '../test/support/mint.ts'
import { StaticSource } from '../test/support/static-source.ts'
import { asyncContender, type Contender, compare, print } from './harness.ts'

/** A server and what its clients are told, without and with this library. */
interface Setup {
  readonly server: tls.TlsOptions
  readonly client: tls.ConnectionOptions
}

/** What mutual TLS costs with this library on both ends, beside Node's own with client certificates. */
export async function handshake(): Promise<void> {
  const root = mintCA({ subject: 'O=bench', uris: ['spiffe://bench.test'] })
  const issuer = mintCA({ subject: 'O=bench, CN=issuer', uris: ['spiffe://bench.test'], issuer: root })
  const floor = process.versions.node.startsWith('20.') ? 0.9 : 0.95
  for (const [chain, intermediates] of [
    ['leaf', []],
    ['leaf and intermediate', [issuer]],
  ] as const) {
    const plain = plainSetup(root, intermediates)
    const ours = spiffeSetup(root, intermediates)
    await withServers(plain, ours, tlsServer, async (ports) => {
      const results = await compare([
        handshakes('Node alone', plain, ports.plain),
        handshakes('js-spiffe', ours, ports.ours),
      ])
      print(`full handshake, both ends, ${chain}`, results, { 'js-spiffe': floor })
    })
  }
  const plain = plainSetup(root, [issuer])
  const ours = spiffeSetup(root, [issuer])
  await withServers(plain, ours, httpsServer, async (ports) => {
    const agents = { plain: keepAlive(plain), ours: keepAlive(ours) }
    const results = await compare([
      requests('Node alone', agents.plain, ports.plain),
      requests('js-spiffe', agents.ours, ports.ours),
    ])
    print('request over a kept connection, both ends', results, { 'js-spiffe': 0.99 })
    agents.plain.destroy()
    agents.ours.destroy()
  })
}

function plainSetup(root: Minted, intermediates: readonly Minted[]): Setup {
  const leaf = mintLeaf('spiffe://bench.test/workload', intermediates[0] ?? root)
  const credentials = {
    cert: [leaf, ...intermediates].map(({ pem }) => pem).join(''),
    key: leaf.keyPEM,
    ca: root.pem,
  }
  // A client that made its context anew for each connection would lose by that alone.
  const secureContext = tls.createSecureContext({ ...credentials, minVersion: 'TLSv1.2' })
  return {
    server: { ...credentials, requestCert: true },
    client: { secureContext, checkServerIdentity: () => undefined },
  }
}

function spiffeSetup(root: Minted, intermediates: readonly Minted[]): Setup {
  const leaf = mintLeaf('spiffe://bench.test/workload', intermediates[0] ?? root)
  const svid = X509SVID.parse([leaf, ...intermediates].map(({ pem }) => pem).join(''), leaf.keyPEM)
  const source = new StaticSource(svid, [X509Bundle.parse('bench.test', root.pem)])
  const authorize = authorizeMemberOf('bench.test')
  return { server: mtlsServerOptions(source, authorize), client: mtlsClientOptions(source, authorize) }
}

const tlsServer = (options: tls.TlsOptions): tls.Server =>
  tls.createServer(options, (socket) => socket.end('!'))
const httpsServer = (options: tls.TlsOptions): tls.Server =>
  https.createServer(options, (_request, response) => response.end('!'))

async function withServers(
  plain: Setup,
  ours: Setup,
  create: (options: tls.TlsOptions) => tls.Server,
  run: (ports: { readonly plain: number; readonly ours: number }) => Promise<void>,
): Promise<void> {
  const servers = [create(plain.server), attach(create(ours.server))] as const
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  await run({ plain: portOf(servers[0]), ours: portOf(servers[1]) })
  for (const server of servers) server.close()
}

function portOf(server: tls.Server): number {
  return (server.address() as AddressInfo).port
}

/** One connection after the other, each until the server has ended it: it does so once it let the client in. */
function handshakes(name: string, { client }: Setup, port: number): Contender {
  return asyncContender(name, async () => {
    const socket = tls.connect({ ...client, port, host: '127.0.0.1' })
    socket.resume()
    await once(socket, 'close')
  })
}

function keepAlive({ client }: Setup): https.Agent {
  return new https.Agent({ ...client, keepAlive: true, maxSockets: 1 })
}

function requests(name: string, agent: https.Agent, port: number): Contender {
  return asyncContender(name, async () => {
    const [response] = await once(https.get({ agent, port, host: '127.0.0.1' }), 'response')
    response.resume()
    await once(response, 'end')
  })
}
