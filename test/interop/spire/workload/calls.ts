import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import type { Answer } from './protocol.ts'

/** Makes one request and reads the whole answer. */
export async function get(port: number, options: https.RequestOptions): Promise<Answer> {
  const request = https.request({ host: '127.0.0.1', port, timeout: 10_000, ...options })
  request.on('timeout', () => request.destroy(new Error('the server did not answer within 10 s')))
  request.end()
  const [response]: IncomingMessage[] = await once(request, 'response')
  if (response === undefined) throw new Error('there is no response')
  const dnsNames = namesOf(response)
  const body = await text(response)
  if (response.statusCode !== 200) {
    throw Object.assign(new Error(body), { code: `HTTP_${response.statusCode}` })
  }
  return { ...JSON.parse(body), dnsNames }
}

function namesOf({ socket }: IncomingMessage): readonly string[] {
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
