import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import {
  attach,
  authorizeID,
  authorizeMemberOf,
  mtlsClientOptions,
  mtlsServerOptions,
} from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import { post } from '../tlsconfig/support/callers.ts'
import { createServer, Running } from '../tlsconfig/support/servers.ts'
import { VERSIONS, visit } from '../tlsconfig/support/visitors.ts'
import {
  bundleA,
  bundleB,
  type Credentials,
  credentialsOf,
  good,
  ID,
  issuerA,
  issuerB,
  leafA,
  sourceFor,
} from '../tlsconfig/support/world.ts'

const member = good['issued by the root']

const guarded = (options: tls.TlsOptions = {}): Promise<Running> => {
  const source = sourceFor(ID.server)
  const server = createServer('https', {
    ...mtlsServerOptions(source, authorizeMemberOf('a.test')),
    ...options,
  })
  return Running.start(attach(server))
}

/** A server of somebody who does not use this library: it admits everybody. */
const plain = (credentials: Credentials): Promise<Running> =>
  Running.start(createServer('https', credentials))

/** Connects with the session of before, and tells what it was given and whether that was taken. */
function connect(
  port: number,
  options: tls.ConnectionOptions,
): Promise<{ session: Buffer | undefined; reused: boolean; received: string }> {
  return new Promise((resolve) => {
    let session: Buffer | undefined
    let reused = false
    let received = ''
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
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

describe('what other libraries have learnt about X509-SVIDs in TLS', () => {
  it.each(['a.example', 'other.example', ''])(
    'B-26: the host name %j is no matter, and the ID is',
    async (servername) => {
      const dns = { dns: ['a.example'] }
      await using server = await plain(credentialsOf(leafA(ID.server, dns), issuerA))
      await using impostor = await plain(credentialsOf(mintLeaf(ID.server, issuerB, dns), issuerB))
      await using other = await plain(credentialsOf(leafA('spiffe://a.test/other', dns), issuerA))
      const options = { ...mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server)), servername }
      expect((await post(server.port, options)).peer).toBe(ID.server)
      await expect(post(impostor.port, options)).rejects.toThrow()
      await expect(post(other.port, options)).rejects.toThrow()
      expect([impostor.seen, other.seen].flat()).not.toContain('request')
    },
  )

  it.each(VERSIONS)(
    'B-28: over %s a session is not resumed, so a change holds for who comes back',
    async (maxVersion) => {
      const source = sourceFor(ID.server)
      let isAdmitted = true
      const options = mtlsServerOptions(source, () => isAdmitted)
      await using running = await Running.start(attach(createServer('https', options)))
      const hello = { ...member, maxVersion, servername: 'a.example' }
      const first = await connect(running.port, hello)
      const again = { ...hello, session: first.session }
      expect(first.received).toContain(ID.client)
      expect(await connect(running.port, again)).toMatchObject({
        reused: false,
        received: expect.stringContaining(ID.client),
      })
      isAdmitted = false
      expect(await connect(running.port, again)).toMatchObject({ reused: false, received: '' })
      isAdmitted = true
      source.rotate({ bundles: [bundleB] })
      expect(await connect(running.port, again)).toMatchObject({ reused: false, received: '' })
      source.rotate({ bundles: [bundleA] })
      expect(await connect(running.port, again)).toMatchObject({
        reused: false,
        received: expect.stringContaining(ID.client),
      })
    },
  )

  it('B-29: TLS below 1.2 is refused, also where other options ask for it', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const
    await using server = await guarded({ minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })
    expect((await visit(server.port, member, { maxVersion: 'TLSv1.2' })).received).toContain(ID.client)
    expect((await visit(server.port, member, old)).secured).toBe(false)

    const credentials = credentialsOf(leafA(ID.server), issuerA)
    await using outdated = await Running.start(createServer('tls', { ...credentials, ...old }))
    expect((await visit(outdated.port, member, old)).secured).toBe(true)
    const client = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
    await expect(
      post(outdated.port, { ...client, minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' }),
    ).rejects.toThrow()
  })
})
