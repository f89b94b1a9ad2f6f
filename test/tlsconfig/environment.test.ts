import https from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attach, authorizeID, mtlsClientOptions, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import { CALLERS, overHTTPS } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { visit } from './support/visitors.ts'
import { credentialsOf, ID, issuerA, issuerB, leafA, rootUnknown, sourceFor } from './support/world.ts'

describe('with NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  beforeAll(() => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  })
  afterAll(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })

  test.each(Object.entries(CALLERS))(
    'a client still tells nothing to an impostor: %s',
    async (_name, [kind, call]) => {
      const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
      await using running = await Running.start(createServer(kind, credentialsOf(leafA(ID.server), issuerA)))
      expect((await call(running.port, options)).peer).toBe(ID.server)

      for (const impostor of [mintLeaf(ID.server, issuerB), mintLeaf(ID.server, rootUnknown)]) {
        await using other = await Running.start(createServer(kind, credentialsOf(impostor)))
        await expect(call(other.port, options)).rejects.toMatchObject({
          code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
        })
        expect(other.seen).not.toContain('data')
        expect(other.seen).not.toContain('stream')
      }
    },
  )
})

describe('where the process allows TLS 1.1', () => {
  const before = { minimum: tls.DEFAULT_MIN_VERSION, ciphers: tls.DEFAULT_CIPHERS }
  beforeAll(() => {
    tls.DEFAULT_MIN_VERSION = 'TLSv1'
    tls.DEFAULT_CIPHERS = 'ALL@SECLEVEL=0'
  })
  afterAll(() => {
    tls.DEFAULT_MIN_VERSION = before.minimum
    tls.DEFAULT_CIPHERS = before.ciphers
  })
  const member = credentialsOf(leafA(ID.server), issuerA)

  test('a client does not', async () => {
    await using twin = await Running.start(createServer('tls', { ...member, maxVersion: 'TLSv1.1' }))
    expect((await visit(twin.port, undefined)).received).toContain('hello')
    const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
    await expect(overHTTPS(() => false)(twin.port, options)).rejects.toThrow(
      /unsupported protocol|protocol version/,
    )
  })

  test('a server does not', async () => {
    const options = mtlsServerOptions(sourceFor(ID.server), authorizeID(ID.client))
    await using running = await Running.start(attach(createServer('tls', options)))
    const client = credentialsOf(leafA(ID.client), issuerA)
    expect((await visit(running.port, client)).received).toContain('hello')
    expect(await visit(running.port, client, { maxVersion: 'TLSv1.1' })).toMatchObject({ secured: false })
  })
})

describe('where the process allows TLS 1.2 at most', () => {
  const before = tls.DEFAULT_MAX_VERSION
  beforeAll(() => {
    tls.DEFAULT_MAX_VERSION = 'TLSv1.2'
  })
  afterAll(() => {
    tls.DEFAULT_MAX_VERSION = before
  })

  test.each(Object.entries(CALLERS))(
    'a client knows its server and tells nothing to an impostor: %s',
    async (_name, [kind, call]) => {
      const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
      await using running = await Running.start(createServer(kind, credentialsOf(leafA(ID.server), issuerA)))
      expect((await call(running.port, options)).peer).toBe(ID.server)

      await using other = await Running.start(
        createServer(kind, credentialsOf(mintLeaf(ID.server, rootUnknown))),
      )
      await expect(call(other.port, options)).rejects.toMatchObject({
        code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
      })
      expect(other.seen).not.toContain('data')
    },
  )

  test('a client whose agent is told not to verify still tells nothing to an impostor', async () => {
    const call = overHTTPS(() => new https.Agent({ rejectUnauthorized: false }))
    const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
    await using running = await Running.start(createServer('https', credentialsOf(leafA(ID.server), issuerA)))
    expect((await call(running.port, options)).peer).toBe(ID.server)

    await using other = await Running.start(
      createServer('https', credentialsOf(mintLeaf(ID.server, rootUnknown))),
    )
    await expect(call(other.port, options)).rejects.toMatchObject({
      code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
    })
    expect(other.seen).not.toContain('data')
  })

  test('a source that cannot answer is the error of the connection', async () => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeID(ID.server))
    await using running = await Running.start(createServer('https', credentialsOf(leafA(ID.server), issuerA)))
    const call = overHTTPS(() => false)
    expect((await call(running.port, options)).peer).toBe(ID.server)

    source.fail(new Error('withdrawn'))
    await expect(call(running.port, options)).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_SOURCE_FAILED' })
  })
})
