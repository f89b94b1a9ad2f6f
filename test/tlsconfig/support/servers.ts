import type { EventEmitter } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import tls from 'node:tls'
import { SpiffeError } from '../../../src/errors.ts'
import { type PeerConnection, peerID } from '../../../src/tlsconfig/index.ts'

export const SERVER_KINDS = ['tls', 'https', 'http2', 'http2 with HTTP/1'] as const
export type ServerKind = (typeof SERVER_KINDS)[number]

/** What listeners of a server could see of a connection. */
const SIGHTINGS = [
  'secureConnection',
  'session',
  'stream',
  'request',
  'unknownProtocol',
  'checkContinue',
  'upgrade',
  'connect',
] as const

/** A server that notes what its listeners see, and answers everybody who reaches them by name. */
export function createServer(kind: ServerKind, options: tls.TlsOptions): tls.Server {
  switch (kind) {
    case 'tls':
      return tls.createServer(options, (socket) => {
        socket.on('error', () => {})
        socket.on('data', () => socket.end(`hello ${nameOf(socket)}`))
      })
    case 'https':
      return https.createServer(options, (request, response) => response.end(`hello ${nameOf(request)}`))
    default:
      return http2.createSecureServer(
        { ...options, allowHTTP1: kind === 'http2 with HTTP/1' },
        (request, response) => response.end(`hello ${nameOf(request)}`),
      )
  }
}

function nameOf(connection: PeerConnection): string {
  try {
    return peerID(connection).toString()
  } catch (error) {
    return error instanceof SpiffeError ? error.code : String(error)
  }
}

/** A server while it listens. */
export class Running implements AsyncDisposable {
  readonly server: tls.Server
  readonly port: number
  /** The events that reached listeners, in order. */
  readonly seen: string[]
  /** The errors of `tlsClientError`, in order. */
  readonly refused: (Error & { readonly code?: string })[]
  readonly #raw: Set<Socket>

  private constructor(server: tls.Server, seen: string[], refused: Error[], raw: Set<Socket>) {
    this.server = server
    this.port = (server.address() as AddressInfo).port
    this.seen = seen
    this.refused = refused
    this.#raw = raw
  }

  static async start(server: tls.Server): Promise<Running> {
    const seen: string[] = []
    const refused: Error[] = []
    const raw = new Set<Socket>()
    const emitter: EventEmitter = server
    for (const event of SIGHTINGS) emitter.on(event, () => seen.push(event))
    server.on('secureConnection', (socket) => socket.on('data', () => seen.push('data')))
    emitter.on('unknownProtocol', (socket: tls.TLSSocket) => socket.end(`hello ${nameOf(socket)}`))
    server.on('tlsClientError', (error) => refused.push(error))
    server.on('connection', (socket) => raw.add(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new Running(server, seen, refused, raw)
  }

  /** The codes of {@link refused}. */
  get codes(): (string | undefined)[] {
    return this.refused.map(({ code }) => code)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#raw) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
