import { once } from 'node:events'
import https from 'node:https'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SpiffeError } from '../../src/errors.ts'
import { type MTLSClientOptions, mtlsClientOptions } from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import { overHTTPS, post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { credentialsOf, ID, issuerA, issuerB, leafA, rootUnknown, sourceFor } from './support/world.ts'

/**
 * The options without what puts the guard on: what is left for who passes only some of them on. The authorizer
 * names no trust domain, so that OpenSSL trusts the authorities of all.
 */
function unguarded(): MTLSClientOptions {
  const options = mtlsClientOptions(sourceFor(ID.client), (id) => id.toString() === ID.server)
  return { ...options, pskCallback: () => null }
}

describe('checkServerIdentity, where the guard is not let near the socket', () => {
  let good: Running
  let federated: Running
  let unknown: Running
  beforeAll(async () => {
    const start = (credentials: tls.TlsOptions): Promise<Running> =>
      Running.start(createServer('https', credentials))
    good = await start(credentialsOf(leafA(ID.server), issuerA))
    federated = await start(credentialsOf(mintLeaf(ID.server, issuerB), issuerB))
    unknown = await start(credentialsOf(mintLeaf(ID.server, rootUnknown)))
  })
  afterAll(async () => {
    for (const running of [good, federated, unknown]) await running[Symbol.asyncDispose]()
  })

  const weakened = overHTTPS(() => new https.Agent({ rejectUnauthorized: false }))

  test('admits the server that is meant', async () => {
    const socket = tls.connect({ ...unguarded(), host: '127.0.0.1', port: good.port })
    await once(socket, 'secureConnect')
    expect(socket.authorized).toBe(true)
    socket.destroy()
  })

  test('refuses what OpenSSL trusts and we do not', async () => {
    await expect(post(federated.port, unguarded())).rejects.toMatchObject({
      code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
    })
  })

  test('refuses it in spite of an agent that lets unauthorized servers through', async () => {
    await expect(weakened(federated.port, unguarded())).rejects.toBeInstanceOf(SpiffeError)
    expect(federated.seen).not.toContain('data')
  })

  test('leaves an unknown authority to OpenSSL', async () => {
    await expect(post(unknown.port, unguarded())).rejects.not.toBeInstanceOf(SpiffeError)
    expect(unknown.seen).not.toContain('data')
  })

  test('remembers nobody whom the guard has admitted', async () => {
    let admits = true
    const options = mtlsClientOptions(sourceFor(ID.client), () => admits)
    const socket = tls.connect({ ...options, host: '127.0.0.1', port: good.port })
    await once(socket, 'secureConnect')
    const certificate = socket.getPeerCertificate(true)
    socket.destroy()
    expect(options.checkServerIdentity('', certificate)).toBeUndefined()
    admits = false
    expect(options.checkServerIdentity('', certificate)).toMatchObject({
      code: 'ERR_SPIFFE_TLS_UNAUTHORIZED',
    })
  })

  test('gives its error back wherever it is called', () => {
    const { checkServerIdentity } = unguarded()
    const frozen = Object.freeze({ checkServerIdentity })
    const nobody = { raw: undefined } as unknown as tls.PeerCertificate
    for (const error of [checkServerIdentity('', nobody), frozen.checkServerIdentity('', nobody)]) {
      expect(error).toMatchObject({ code: 'ERR_SPIFFE_TLS_NO_PEER_CERTIFICATE' })
    }
  })
})
