import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { type MTLSClientOptions, type PeerConnection, peerID } from '../../../src/tlsconfig/index.ts'
import type { ServerKind } from './servers.ts'

/** What came of a call: the answer, and who gave it as far as the client knows. */
export interface Answer {
  readonly text: string
  readonly peer: string
}

/** Calls a server that listens on a port of this machine, and sends it something as early as it can. */
export type Caller = (port: number, options: MTLSClientOptions) => Promise<Answer>

export const BODY = 'the secret that only the right server may read'

async function read(stream: AsyncIterable<Buffer>, connection: PeerConnection): Promise<Answer> {
  const peer = peerID(connection).toString()
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return { text: Buffer.concat(chunks).toString(), peer }
}

function overTLS(connect: (port: number, options: MTLSClientOptions) => tls.TLSSocket): Caller {
  return async (port, options) => {
    const socket = connect(port, options)
    socket.write(BODY)
    try {
      await once(socket, 'secureConnect')
      return await read(socket, socket)
    } finally {
      socket.destroy()
    }
  }
}

export function overHTTPS(agentOf: (options: MTLSClientOptions) => https.Agent | false): Caller {
  return async (port, options) => {
    const agent = agentOf(options)
    try {
      return await post(port, { ...options, agent })
    } finally {
      if (agent) agent.destroy()
    }
  }
}

/** One POST, over a connection of its own unless the options name an agent. */
export function post(port: number, options: https.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request(
      { method: 'POST', host: '127.0.0.1', port, agent: false, ...options },
      (response) => resolve(read(response, response)),
    )
    request.on('error', reject)
    request.end(BODY)
  })
}

async function overHTTP2(port: number, options: MTLSClientOptions): Promise<Answer> {
  const session = http2.connect(`https://127.0.0.1:${port}`, options)
  const failed = new Promise<never>((_resolve, reject) => session.on('error', reject))
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  stream.on('error', () => {})
  stream.end(BODY)
  try {
    await Promise.race([once(stream, 'response'), failed])
    return await read(stream, stream)
  } finally {
    session.destroy()
  }
}

/** Each way to use the options, with the kind of server that it talks to. */
export const CALLERS: Record<string, readonly [ServerKind, Caller]> = {
  'tls.connect': ['tls', overTLS((port, options) => tls.connect({ ...options, port, host: '127.0.0.1' }))],
  'tls.connect with a server name and protocols': [
    'tls',
    overTLS((port, options) =>
      tls.connect(port, '127.0.0.1', { ...options, servername: 'a.example', ALPNProtocols: ['x'] }),
    ),
  ],
  'tls.connect over a socket that is there': [
    'tls',
    overTLS((port, options) => tls.connect({ ...options, socket: net.connect(port, '127.0.0.1') })),
  ],
  'https.request with an agent of its own': ['https', overHTTPS(() => false)],
  'https.request with the agent of everybody': [
    'https',
    async (port, options) =>
      post(port, { ...options, agent: https.globalAgent, headers: { connection: 'close' } }),
  ],
  'https.Agent made with the options': ['https', overHTTPS((options) => new https.Agent(options))],
  'an agent that lets unauthorized servers through': [
    'https',
    overHTTPS(() => new https.Agent({ rejectUnauthorized: false })),
  ],
  'an agent with a check of its own': [
    'https',
    overHTTPS(() => new https.Agent({ checkServerIdentity: () => undefined })),
  ],
  'an agent with a check of its own that lets everything through': [
    'https',
    overHTTPS(
      () =>
        new https.Agent({ checkServerIdentity: () => undefined, rejectUnauthorized: false, keepAlive: true }),
    ),
  ],
  'http2.connect': ['http2', overHTTP2],
}
