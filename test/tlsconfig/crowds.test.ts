import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { X509Bundle } from '../../src/bundle/x509/x509-bundle.ts'
import { attach, authorizeMemberOf, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { type Minted, mintCA, mintLeaf } from '../support/mint.ts'
import { createServer, Running } from './support/servers.ts'
import { VERSIONS, visit } from './support/visitors.ts'
import {
  bundleA,
  type Credentials,
  credentialsOf,
  evil,
  good,
  ID,
  rootB,
  sourceFor,
} from './support/world.ts'

const [impostor] = evil['of our trust domain, issued by the authority of a federated one']

describe.each(VERSIONS)('over %s', (maxVersion) => {
  test('of two thousand requests that an impostor sends ahead, none is read', async () => {
    const source = sourceFor(ID.server)
    const options = mtlsServerOptions(source, authorizeMemberOf('a.test'))
    await using running = await Running.start(attach(createServer('https', options)))
    const requests = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n'.repeat(2000)
    const member = await visit(running.port, good['issued by the root'], { maxVersion }, requests)
    expect(member.received).toContain(`hello ${ID.client}`)
    expect(running.seen).toContain('request')

    running.seen.length = 0
    expect((await visit(running.port, impostor, { maxVersion }, requests)).received).toBe('')
    expect(running.seen).toEqual([])
  })

  test('a crowd with junk chains keeps nobody out', async () => {
    const source = sourceFor(ID.server)
    const options = mtlsServerOptions(source, authorizeMemberOf('a.test'))
    await using running = await Running.start(attach(createServer('tls', options)))
    const visits = Array.from({ length: 2 }, async (_, index) => {
      const junk = visit(running.port, index % 2 === 0 ? chained : unrelated, { maxVersion })
      const { received } = await visit(running.port, good['with an intermediate'], { maxVersion })
      expect(received).toBe(`hello ${ID.client}`)
      expect((await junk).received).toBe('')
    })
    await Promise.all(visits)
    expect(new Set(running.codes)).toEqual(new Set(['ERR_SPIFFE_X509_SVID_CHAIN_TOO_LONG']))
  })
})

test('a server federates with ten thousand trust domains', async () => {
  const federated = Array.from({ length: 10_000 }, (_, index) =>
    X509Bundle.parseRaw(`td-${index}.test`, rootB.der),
  )
  const source = sourceFor(ID.server)
  source.rotate({ bundles: [bundleA, ...federated] })
  const options = mtlsServerOptions(source, authorizeMemberOf('a.test'))
  await using running = await Running.start(attach(createServer('tls', options)))
  for (const maxVersion of VERSIONS) {
    const member = await visit(running.port, good['issued by the root'], { maxVersion })
    expect(member.received).toBe(`hello ${ID.client}`)
    expect((await visit(running.port, impostor, { maxVersion })).received).toBe('')
  }
})

/** As many certificates as OpenSSL takes in a handshake. */
const MANY = 180

const chained = ((): Credentials => {
  const chain: [Minted, ...Minted[]] = [mintJunk(0)]
  for (let count = 1; count < MANY; count++) chain.unshift(mintJunk(count, chain[0]))
  return credentialsOf(mintLeaf(ID.client, chain[0]), ...chain)
})()

const unrelated = credentialsOf(
  mintLeaf(ID.client, mintJunk(MANY)),
  ...Array.from({ length: MANY }, (_, count) => mintJunk(count)),
)

function mintJunk(count: number, issuer?: Minted): Minted {
  const signatureValue = randomBytes(70)
  return mintCA({
    subject: `O=junk, CN=${count}`,
    key: 'p256/junk',
    signatureValue,
    ...(issuer && { issuer }),
  })
}

test('a server names no authorities to its clients, however many it trusts', async () => {
  const options = mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test'))
  await using running = await Running.start(attach(createServer('tls', options)))
  expect(await namedAuthorities(running.port)).toBe(0)
  await using overridden = await Running.start(attach(createServer('tls', { ...options, ca: rootB.pem })))
  expect(await namedAuthorities(overridden.port)).toBe(0)

  const plain = { ...good['with an intermediate'], ca: bundleA.marshal(), requestCert: true }
  await using twin = await Running.start(createServer('tls', plain))
  expect(await namedAuthorities(twin.port)).toBeGreaterThan(0)
})

/** How many bytes of names are in the CertificateRequest of a server, which TLS 1.2 sends in the clear. */
async function namedAuthorities(port: number): Promise<number> {
  const chunks: Buffer[] = []
  const proxy = net.createServer((inner) => {
    const outer = net.connect(port, '127.0.0.1')
    outer.on('data', (data) => chunks.push(data))
    for (const socket of [inner, outer]) socket.on('error', () => {})
    inner.pipe(outer).pipe(inner)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  await visit((proxy.address() as AddressInfo).port, good['issued by the root'], { maxVersion: 'TLSv1.2' })
  proxy.close()
  const CERTIFICATE_REQUEST = 13
  const request = handshakeMessages(Buffer.concat(chunks)).find(([type]) => type === CERTIFICATE_REQUEST)
  if (request === undefined) throw new Error('the server asked for no certificate')
  // RFC 5246 §7.4.4: certificate types, signature algorithms, and then the names.
  const afterTypes = 4 + 1 + request.readUInt8(4)
  return request.readUInt16BE(afterTypes + 2 + request.readUInt16BE(afterTypes))
}

/** The handshake messages of a TLS 1.2 stream, up to where it is encrypted. */
function handshakeMessages(stream: Buffer): Buffer[] {
  const HANDSHAKE = 22
  const fragments: Buffer[] = []
  for (let at = 0; stream[at] === HANDSHAKE; at += 5 + stream.readUInt16BE(at + 3)) {
    fragments.push(stream.subarray(at + 5, at + 5 + stream.readUInt16BE(at + 3)))
  }
  const bytes = Buffer.concat(fragments)
  const messages: Buffer[] = []
  for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readUIntBE(at + 1, 3)) {
    messages.push(bytes.subarray(at, at + 4 + bytes.readUIntBE(at + 1, 3)))
  }
  return messages
}
