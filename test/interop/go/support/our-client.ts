import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import type { SecureVersion } from 'node:tls'
import type { X509ContextSource } from '../../../../src/svid/index.ts'
import { type Authorizer, mtlsClientOptions, peerID } from '../../../../src/tlsconfig/index.ts'
import type { TLSVersion } from './go-peer.ts'

const versions = { '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const satisfies Record<TLSVersion, SecureVersion>

/** Options that hold Node to one version of TLS. */
export const pinned = (tls: TLSVersion) => ({ minVersion: versions[tls], maxVersion: versions[tls] })

export interface Answer {
  readonly status: number | undefined
  /** The server, as our client knows it. */
  readonly peer: string
}

/** Makes one request on a connection of its own. */
export function get(
  port: number,
  source: X509ContextSource,
  authorize: Authorizer,
  tls: TLSVersion,
): Promise<Answer> {
  return getWith(port, { agent: false, ...mtlsClientOptions(source, authorize), ...pinned(tls) })
}

export async function getWith(port: number, options: https.RequestOptions): Promise<Answer> {
  const request = https.get({ host: '127.0.0.1', port, ...options })
  const [response] = await once(request, 'response')
  const peer = peerID(response).toString()
  await text(response)
  return { status: response.statusCode, peer }
}
