import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import type { Answer } from './protocol.ts'

/** An answer, and the connection that it came on. */
export interface Reply {
  readonly answer: Answer
  readonly socket: Socket
  /** Whether the connection came out of a pool. */
  readonly reusedSocket: boolean
}

/** Makes one request and reads the whole answer. */
export async function get(port: number, options: https.RequestOptions): Promise<Reply> {
  const request = https.request({ host: '127.0.0.1', port, timeout: 10_000, ...options })
  request.on('timeout', () => request.destroy(new Error('the server did not answer within 10 s')))
  request.end()
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response === undefined) throw new Error('there is no response')
  const { socket } = response
  const dnsNames = namesOf(socket)
  const body = await text(response)
  if (response.statusCode !== 200) {
    throw Object.assign(new Error(body), { code: `HTTP_${response.statusCode}` })
  }
  return { answer: { ...JSON.parse(body), dnsNames }, socket, reusedSocket: request.reusedSocket }
}

function namesOf(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket)) return []
  return dnsNamesOf(socket.getPeerCertificate().subjectaltname)
}

/** The DNS names out of the alternative names as Node writes them. */
export function dnsNamesOf(alternativeNames = ''): readonly string[] {
  return alternativeNames
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length))
}
