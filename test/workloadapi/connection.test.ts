import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { Connection } from '../../src/workloadapi/connection.ts'
import { WorkloadAPIClient, type WorkloadAPIError } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { jwtBundlesResponse, NOW } from './messages.ts'
import { codeOf, eventually, rejection } from './support.ts'

let folder: string
let clock: ManualClock
const cleanups: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'connection-'))
  clock = new ManualClock(NOW)
})

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  rmSync(folder, { recursive: true, force: true })
})

function clientAt(address: string, options: { readonly keepaliveMs?: number } = {}): WorkloadAPIClient {
  const client = WorkloadAPIClient.create({ address, clock, ...options })
  cleanups.push(() => client.close())
  return client
}

async function fakeAPI(options: { readonly tcp?: boolean } = {}): Promise<FakeWorkloadAPI> {
  const api = await FakeWorkloadAPI.start(options)
  api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  cleanups.push(() => api.close())
  return api
}

/** A server that is no Workload API. */
async function serverAt(path: string | number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    cleanups.push(() => socket.destroy())
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  cleanups.push(() => server.close())
  return server
}

/** Passes bytes on, until it is frozen: then it takes them and says nothing, as a stopped process does. */
async function relay(
  to: string,
): Promise<{ readonly address: string; readonly sockets: Socket[]; frozen: boolean }> {
  const path = join(folder, 'relay.sock')
  const state = { address: `unix://${path}`, sockets: [] as Socket[], frozen: false }
  await serverAt(path, (incoming) => {
    state.sockets.push(incoming)
    if (state.frozen) return
    const outgoing = connect(to)
    outgoing.on('error', () => {})
    incoming.on('data', (bytes) => state.frozen || outgoing.write(bytes))
    outgoing.on('data', (bytes) => state.frozen || incoming.write(bytes))
    incoming.on('close', () => outgoing.destroy())
    outgoing.on('close', () => state.frozen || incoming.destroy())
  })
  return state
}

describe('a connection', () => {
  it('that is closed while it is being opened keeps no socket', async () => {
    const sockets: Socket[] = []
    await serverAt(join(folder, 'agent.sock'), (socket) => sockets.push(socket.resume()))
    // At every step of the way.
    for (let ticks = 0; ticks < 20; ticks++) {
      const connection = new Connection(`unix:${folder}/agent.sock`, 1_000)
      const settled = connection.settled(new AbortController().signal)
      for (let tick = 0; tick < ticks; tick++) await new Promise((resolve) => process.nextTick(resolve))
      await connection.close()
      await settled
    }
    await eventually(() => sockets.length > 0 && sockets.every(({ readableEnded }) => readableEnded))
  })
})

describe('a client whose Workload API cannot be reached says', () => {
  it('that there is no socket', async () => {
    const error = await rejection(clientAt(`unix://${folder}/agent.sock`).fetchJWTBundles())
    expect(error).toMatchObject({
      code: 'ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING',
      message: expect.stringMatching(/agent\.sock is not there: .*; start the agent, mount its socket/),
      cause: { details: expect.stringContaining('ENOENT') },
    })
  })

  it('that there is no folder either', async () => {
    writeFileSync(join(folder, 'file'), '')
    const address = `unix://${folder}/file/agent.sock`
    expect(await codeOf(clientAt(address).fetchJWTBundles())).toBe('ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING')
  })

  it('that this process may not use the socket', async () => {
    const api = await fakeAPI()
    const client = clientAt(api.address)
    // Permissions do not bind root: as somebody else, then.
    const root = process.geteuid?.() === 0
    chmodSync(api.path, 0)
    chmodSync(dirname(api.path), root ? 0o700 : 0o500)
    if (root) process.seteuid?.(65534)
    try {
      const error = await rejection(client.fetchJWTBundles())
      expect(error).toMatchObject({
        code: 'ERR_SPIFFE_WORKLOAD_API_SOCKET_FORBIDDEN',
        message: expect.stringMatching(
          /is closed to this process: .*; let the user of this process read and write/,
        ),
      })
    } finally {
      if (root) process.seteuid?.(0)
      chmodSync(dirname(api.path), 0o700)
    }
  })

  it('that nobody listens, at a socket that was left behind or at a port', async () => {
    writeFileSync(join(folder, 'agent.sock'), '')
    const taken = await serverAt(0, () => {})
    const address = taken.address()
    await new Promise((resolve) => taken.close(resolve))
    const port = typeof address === 'object' ? address?.port : undefined
    for (const address of [`unix://${folder}/agent.sock`, `tcp://127.0.0.1:${port}`, `tcp://[::1]:${port}`]) {
      const error = await rejection(clientAt(address).fetchJWTBundles())
      expect(error).toMatchObject({
        code: 'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE',
        message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
      })
    }
  })

  it.each([
    ['hangs up', (socket: Socket) => socket.destroy()],
    ['says goodbye', (socket: Socket) => socket.end()],
    ['speaks HTTP/1', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['speaks garbage', (socket: Socket) => socket.end(Buffer.alloc(2_000, 0xff))],
  ])('that something else listens, which %s', async (_, onConnection) => {
    await serverAt(join(folder, 'agent.sock'), onConnection)
    const code = await codeOf(clientAt(`unix://${folder}/agent.sock`).fetchJWTBundles())
    expect(code).toBe('ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE')
  })

  it('that something listens which says nothing, and does not keep its connection', async () => {
    const sockets: Socket[] = []
    await serverAt(join(folder, 'agent.sock'), (socket) => sockets.push(socket.resume()))
    const client = clientAt(`unix://${folder}/agent.sock`)
    for (const call of [() => client.fetchJWTBundles(), () => client.fetchJWTSVID({ audience: 'a' })]) {
      const code = codeOf(call())
      await eventually(() => sockets.length === 1)
      clock.advance(30_000)
      expect(await code).toBe('ERR_SPIFFE_WORKLOAD_API_TIMEOUT')
      await eventually(() => sockets[0]?.readableEnded === true)
      sockets.pop()
    }
  })
})

describe('a client', () => {
  it('tells each of two calls why it failed where one gave up the connection that both waited for', async () => {
    const sockets: Socket[] = []
    await serverAt(join(folder, 'agent.sock'), (socket) => sockets.push(socket.resume()))
    const client = clientAt(`unix://${folder}/agent.sock`)
    const impatient = codeOf(client.fetchJWTBundles({ timeoutMs: 10 }))
    const patient = codeOf(client.fetchJWTBundles())
    await eventually(() => sockets.length === 1)
    clock.advance(10)
    expect(await impatient).toBe('ERR_SPIFFE_WORKLOAD_API_TIMEOUT')
    expect(await patient).toBe('ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE')
  })

  it('reaches a socket at the longest path that there can be', async () => {
    const longest = process.platform === 'darwin' ? 103 : 107
    const api = await fakeAPI()
    const path = join(folder, 'a'.repeat(longest - folder.length - 1))
    await serverAt(path, (incoming) => incoming.pipe(connect(api.path)).pipe(incoming))
    expect(path).toHaveLength(longest)
    expect((await clientAt(`unix://${path}`).fetchJWTBundles()).size).toBe(1)
  })

  it('reaches a socket whose path has to be encoded', async () => {
    const api = await fakeAPI()
    const path = join(folder, 'my ?#%ä agent.sock')
    await serverAt(path, (incoming) => incoming.pipe(connect(api.path)).pipe(incoming))
    const client = clientAt(`unix://${folder}/my%20%3F%23%25%C3%A4%20agent.sock`)
    expect((await client.fetchJWTBundles()).size).toBe(1)
  })

  it('reaches a port, and no proxy that the environment names', async () => {
    const api = await fakeAPI({ tcp: true })
    let diverted = 0
    const proxy = await serverAt(0, (socket) => {
      diverted += 1
      socket.destroy()
    })
    const address = proxy.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    for (const name of [
      'grpc_proxy',
      'https_proxy',
      'http_proxy',
      'HTTP_PROXY',
      'HTTPS_PROXY',
      'ALL_PROXY',
    ]) {
      vi.stubEnv(name, url)
    }
    cleanups.push(() => vi.unstubAllEnvs())
    for (const name of ['no_proxy', 'NO_PROXY', 'no_grpc_proxy']) vi.stubEnv(name, undefined)

    expect(api.address).toMatch(/^tcp:/)
    expect((await clientAt(api.address).fetchJWTBundles()).size).toBe(1)
    expect(diverted).toBe(0)
  })

  it('takes a message of many MiB, and none of more than 64', async () => {
    const api = await fakeAPI()
    const MEBIBYTE = 1024 * 1024
    const large = Buffer.concat([Buffer.from('{"keys":[]}'), Buffer.alloc(8 * MEBIBYTE, ' ')])
    api.on('fetchJWTBundles', (call) => {
      if (call.attempt === 0) call.send(jwtBundlesResponse({ 'spiffe://acme.internal': large }))
      else call.sendBytes(Buffer.alloc(64 * MEBIBYTE + 1))
    })
    const client = clientAt(api.address)
    expect((await client.fetchJWTBundles()).size).toBe(1)
    expect(await codeOf(client.fetchJWTBundles())).toBe('ERR_SPIFFE_WORKLOAD_API_EXHAUSTED')
  })

  it('makes all its calls over one connection', async () => {
    const api = await fakeAPI()
    const { address, sockets } = await relay(api.path)
    const client = clientAt(address)
    await Promise.all([client.fetchJWTBundles(), client.fetchJWTBundles(), codeOf(client.fetchX509Context())])
    await client.fetchJWTBundles()
    expect(sockets).toHaveLength(1)
  })

  it('connects anew to a Workload API that was started again', async () => {
    const api = await fakeAPI()
    const client = clientAt(api.address)
    expect((await client.fetchJWTBundles()).size).toBe(1)
    api.stop()
    expect(await codeOf(client.fetchJWTBundles())).toMatch(/UNAVAILABLE|SOCKET_MISSING/)
    await api.listen()
    expect((await client.fetchJWTBundles()).size).toBe(1)
  })

  it('tries the socket itself each time: no pause of gRPC comes between', async () => {
    const api = FakeWorkloadAPI.unstarted()
    cleanups.push(() => api.close())
    const client = clientAt(api.address)
    for (let at = 0; at < 3; at++) {
      expect(await codeOf(client.fetchJWTBundles())).toBe('ERR_SPIFFE_WORKLOAD_API_SOCKET_MISSING')
    }
    api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
    await api.listen()
    expect((await client.fetchJWTBundles()).size).toBe(1)
  })

  it('closes its connection, also where the other side is frozen', async () => {
    const api = await fakeAPI()
    const state = await relay(api.path)
    const client = clientAt(state.address)
    await client.fetchJWTBundles()
    state.frozen = true
    await client.close()
    await eventually(() => state.sockets[0]?.destroyed === true || state.sockets[0]?.readableEnded === true)
  })

  it('notices by a ping that a connection is dead, and opens another', async () => {
    const api = await fakeAPI()
    const state = await relay(api.path)
    const client = clientAt(state.address, { keepaliveMs: 20 })
    const errors: WorkloadAPIError[] = []
    const watch = client.watchJWTBundles({ onError: (error) => errors.push(error) })
    await watch.next()
    state.frozen = true
    const next = watch.next()
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE')

    state.frozen = false
    await eventually(() => clock.nextDueMs !== undefined)
    clock.advance(clock.nextDueMs ?? 0)
    expect((await next).done).toBe(false)
    expect(state.sockets).toHaveLength(2)
    await watch.return?.()
  })

  it('gives up a stream that begins with silence, and its connection with it', async () => {
    const api = await fakeAPI()
    const state = await relay(api.path)
    const client = clientAt(state.address)
    api.on('fetchJWTBundles', (call) => call.attempt > 0 && call.send(jwtBundlesResponse()))
    const errors: WorkloadAPIError[] = []
    const watch = client.watchJWTBundles({ onError: (error) => errors.push(error) })
    const first = watch.next()
    await api.until(() => api.openCalls === 1)
    clock.advance(29_999)
    expect(errors).toEqual([])
    clock.advance(1)
    await eventually(() => errors.length === 1)
    expect(errors[0]?.code).toBe('ERR_SPIFFE_WORKLOAD_API_TIMEOUT')
    await api.until(() => api.openCalls === 0)

    await eventually(() => clock.nextDueMs !== undefined)
    clock.advance(clock.nextDueMs ?? 0)
    expect((await first).done).toBe(false)
    expect(state.sockets).toHaveLength(2)
    clock.advance(3_600_000)
    expect(errors).toHaveLength(1)
    await watch.return?.()
  })
})
