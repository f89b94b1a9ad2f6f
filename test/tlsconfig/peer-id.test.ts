import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import {
  attach,
  authorizeAny,
  mtlsClientOptions,
  mtlsServerOptions,
  type PeerConnection,
  peerID,
} from '../../src/tlsconfig/index.ts'
import { createServer, Running } from './support/servers.ts'
import { good, ID, sourceFor } from './support/world.ts'

const serverOptions = mtlsServerOptions(sourceFor(ID.server), authorizeAny())
const clientOptions = mtlsClientOptions(sourceFor(ID.client), authorizeAny())

function codeOf(connection: PeerConnection): unknown {
  try {
    return peerID(connection).toString()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

describe('peerID', () => {
  test('answers for sockets, requests and responses of https, on both ends', async () => {
    const ids: unknown[] = []
    const server = attach(
      https.createServer(serverOptions, (request, response) => {
        ids.push(codeOf(request), codeOf(response), codeOf(request.socket))
        response.end()
      }),
    )
    await using running = await Running.start(server)
    const request = https.get({ ...clientOptions, host: '127.0.0.1', port: running.port, agent: false })
    const [response] = await once(request, 'response')
    expect([codeOf(request), codeOf(response), codeOf(response.socket)]).toEqual(Array(3).fill(ID.server))
    expect(ids).toEqual(Array(3).fill(ID.client))
    response.resume()
    await once(response, 'end')
    // The record is the socket's, and outlives its connection.
    expect(codeOf(response)).toBe(ID.server)
  })

  test('answers for sessions, streams, requests and sockets of http2, on both ends', async () => {
    const ids: unknown[] = []
    const server = attach(http2.createSecureServer({ ...serverOptions, allowHTTP1: true }))
    server.on('session', (session) => ids.push(codeOf(session), codeOf(session.socket)))
    server.on('stream', (stream) => ids.push(codeOf(stream)))
    server.on('request', (request, response) => {
      ids.push(codeOf(request), codeOf(response), codeOf(request.socket))
      response.end()
    })
    await using running = await Running.start(server)
    const session = http2.connect(`https://127.0.0.1:${running.port}`, clientOptions)
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    expect([codeOf(session), codeOf(session.socket), codeOf(stream)]).toEqual(Array(3).fill(ID.server))
    expect(ids).toEqual(Array(6).fill(ID.client))
    session.destroy()
  })

  test('answers for a request that became another protocol', async () => {
    const server = attach(https.createServer(serverOptions))
    server.on('upgrade', (request, socket) => {
      socket.end(
        `HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n${codeOf(request)} ${codeOf(socket)}`,
      )
    })
    await using running = await Running.start(server)
    const headers = { connection: 'upgrade', upgrade: 'x' }
    const request = https.get({
      ...clientOptions,
      host: '127.0.0.1',
      port: running.port,
      headers,
      agent: false,
    })
    const [, socket, head] = await once(request, 'upgrade')
    const chunks = [head]
    for await (const chunk of socket) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe(`${ID.client} ${ID.client}`)
    expect(codeOf(socket)).toBe(ID.server)
  })

  test('knows nothing of a closed http2 session, and says so', async () => {
    await using running = await Running.start(attach(createServer('http2', serverOptions)))
    const session = http2.connect(`https://127.0.0.1:${running.port}`, clientOptions)
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    const { socket } = session
    session.destroy()
    await once(session, 'close')
    expect(codeOf(session)).toBe('ERR_SPIFFE_TLS_NO_PEER_ID')
    expect(codeOf(socket)).toBe('ERR_SPIFFE_TLS_NO_PEER_ID')
  })

  test('knows nothing of a connection that is not established', async () => {
    await using running = await Running.start(attach(createServer('tls', serverOptions)))
    const socket = tls.connect({ ...clientOptions, host: '127.0.0.1', port: running.port })
    expect(codeOf(socket)).toBe('ERR_SPIFFE_TLS_NO_PEER_ID')
    await once(socket, 'secureConnect')
    expect(codeOf(socket)).toBe(ID.server)
    socket.destroy()
  })

  test('knows nothing of connections that somebody else opened, whatever certificate they have', async () => {
    const ids: unknown[] = []
    const plain = http.createServer((request, response) => {
      ids.push(codeOf(request))
      response.end()
    })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const response = await fetch(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`)
    expect(response.status).toBe(200)
    plain.closeAllConnections()
    plain.close()
    await using running = await Running.start(createServer('tls', good['with an intermediate']))
    const socket = tls.connect({ host: '127.0.0.1', port: running.port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    expect([...ids, codeOf(socket)]).toEqual(Array(2).fill('ERR_SPIFFE_TLS_NO_PEER_ID'))
    socket.destroy()
  })

  test('cannot be told who somebody is', async () => {
    await using running = await Running.start(attach(createServer('tls', serverOptions)))
    const socket = tls.connect({ ...clientOptions, host: '127.0.0.1', port: running.port })
    await once(socket, 'secureConnect')
    const [mark] = Object.getOwnPropertySymbols(socket).filter(
      ({ description }) => description === 'js-spiffe.peer',
    )
    expect(mark).toBeDefined()
    expect(Reflect.set(socket, mark ?? '', { id: 'spiffe://a.test/admin' })).toBe(false)
    expect(codeOf(socket)).toBe(ID.server)
    socket.destroy()
  })

  test('survives who reads the certificate of the peer in a handler', async () => {
    const ids: unknown[] = []
    const server = attach(
      tls.createServer(serverOptions, (socket) => {
        socket.getPeerX509Certificate()
        socket.getPeerX509Certificate()
        ids.push(codeOf(socket))
        socket.end('read')
      }),
    )
    await using running = await Running.start(server)
    const socket = tls.connect({ ...clientOptions, host: '127.0.0.1', port: running.port })
    await once(socket, 'data')
    expect(ids).toEqual([ID.client])
  })

  test.each([undefined, null, 'socket', 1])('takes no %s', (value) => {
    expect(() => Reflect.apply(peerID, undefined, [value])).toThrow(TypeError)
  })

  test.each([
    {},
    { socket: null },
    { session: undefined },
    { socket: 'x' },
    { stream: { session: { socket: null } } },
  ])('finds nobody in %j', (value) => {
    expect(() => Reflect.apply(peerID, undefined, [value])).toThrow(/nobody was verified/)
  })
})
