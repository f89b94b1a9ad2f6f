import https from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  authorizeAny,
  authorizeID,
  authorizeMemberOf,
  type MTLSClientOptions,
  mtlsClientOptions,
} from '../../src/tlsconfig/index.ts'
import { type Answer, post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import {
  bundleA,
  bundleB,
  credentialsOf,
  ID,
  issuerA,
  leafA,
  rootA,
  sourceFor,
  svidOf,
} from './support/world.ts'

// Later versions never keep a connection of a request that brings its own checkServerIdentity.
const poolsRequests = process.versions.node.startsWith('20.')

let running: Running
let connections: string[]
beforeAll(async () => {
  const server = createServer('https', {
    ...credentialsOf(leafA(ID.server), issuerA),
    ca: rootA.pem,
    requestCert: true,
  })
  server.on('secureConnection', (socket) =>
    connections.push(socket.getPeerCertificate().subjectaltname ?? ''),
  )
  running = await Running.start(server)
})
afterAll(() => running[Symbol.asyncDispose]())
beforeEach(() => {
  connections = []
})

const call = (options: https.RequestOptions): Promise<Answer> => post(running.port, options)

describe.each([
  ['the agent of everybody', () => https.globalAgent],
  ['an agent of its own', () => new https.Agent({ keepAlive: true })],
])('in %s', (_name, agentOf) => {
  test('no connection is shared with another authorizer', async () => {
    const agent = agentOf()
    const source = sourceFor(ID.client)
    const admits = { ...mtlsClientOptions(source, authorizeID(ID.server)), agent }
    const refuses = { ...mtlsClientOptions(source, authorizeID('spiffe://a.test/other')), agent }
    await call(admits)
    await call(admits)
    expect(connections).toHaveLength(poolsRequests ? 1 : 2)

    await expect(call(refuses)).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_UNAUTHORIZED' })
  })

  test('no connection is shared with an SVID of before', async () => {
    const agent = agentOf()
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeID(ID.server))
    await call({ ...options, agent })
    source.rotate({ svid: svidOf(leafA('spiffe://a.test/renamed'), issuerA) })
    await call({ ...options, agent })
    expect(connections).toEqual([`URI:${ID.client}`, 'URI:spiffe://a.test/renamed'])
  })

  test('no connection is shared with an authority that is gone', async () => {
    const agent = agentOf()
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeID(ID.server))
    await call({ ...options, agent })
    source.rotate({ bundles: [bundleB] })
    await expect(call({ ...options, agent })).rejects.toMatchObject({
      code: 'ERR_SPIFFE_X509_SVID_NO_BUNDLE',
    })
  })

  test('no connection is shared with a source that still lived', async () => {
    const agent = agentOf()
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeID(ID.server))
    await call({ ...options, agent })
    source.fail(new Error('closed'))
    await expect(call({ ...options, agent })).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_SOURCE_FAILED' })
    await expect(call({ ...options, agent })).rejects.toMatchObject({ code: 'ERR_SPIFFE_TLS_SOURCE_FAILED' })
  })
})

test('an agent made with the options keeps its connections, and opens new ones with the newest SVID', async () => {
  const source = sourceFor(ID.client)
  const agent = new https.Agent({ ...mtlsClientOptions(source, authorizeID(ID.server)), keepAlive: true })
  await call({ agent })
  await call({ agent })
  source.rotate({ svid: svidOf(leafA('spiffe://a.test/renamed'), issuerA) })
  await call({ agent })
  expect(connections).toEqual([`URI:${ID.client}`])
  await Promise.all([call({ agent }), call({ agent })])
  expect(connections).toEqual([`URI:${ID.client}`, 'URI:spiffe://a.test/renamed'])
  agent.destroy()
})

describe('the pool key', () => {
  const keyOf = ({ sessionIdContext }: MTLSClientOptions): string => sessionIdContext

  test('is 128 random bits that stay as long as nothing changes', () => {
    const options = mtlsClientOptions(sourceFor(ID.client), authorizeAny())
    expect(keyOf(options)).toMatch(/^[0-9a-f]{32}$/)
    expect(keyOf(options)).toBe(keyOf(options))
  })

  test('is another one for other options', () => {
    const source = sourceFor(ID.client)
    const authorize = authorizeAny()
    expect(keyOf(mtlsClientOptions(source, authorize))).not.toBe(keyOf(mtlsClientOptions(source, authorize)))
  })

  test.each([
    [
      'the SVID',
      (source: ReturnType<typeof sourceFor>) => source.rotate({ svid: svidOf(leafA(ID.client), issuerA) }),
    ],
    ['a bundle', (source: ReturnType<typeof sourceFor>) => source.rotate({ bundles: [bundleA] })],
    ['the source failing', (source: ReturnType<typeof sourceFor>) => source.fail(new Error('closed'))],
  ])('is another one after a change: %s', (_what, change) => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeAny())
    const before = keyOf(options)
    change(source)
    expect(keyOf(options)).not.toBe(before)
  })

  test('outlives a change of a bundle that the authorizer admits nobody of', () => {
    const source = sourceFor(ID.client)
    const options = mtlsClientOptions(source, authorizeMemberOf('a.test'))
    const before = keyOf(options)
    source.rotate({ bundles: [bundleA] })
    expect(keyOf(options)).toBe(before)
  })
})
