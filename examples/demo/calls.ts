import { once } from 'node:events'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { type JWTSource, type SpiffeID, tlsconfig, type X509SVID } from 'js-spiffe'
import type { Player } from './cast.ts'

/** Calls orders over mutual TLS, as a service does: on connections that are kept, or on a new one each time. */
export function caller(url: string, { x509 }: Player, orders: SpiffeID, keepAlive: boolean) {
  const options = tlsconfig.mtlsClientOptions(x509, tlsconfig.authorizeID(orders))
  const agent = new https.Agent({ ...options, keepAlive, maxSockets: 1 })
  return { call: () => get(url, { agent }), close: () => agent.destroy() }
}

/** Calls orders as an intruder does: with nothing of this library, and without a look at who the server is. */
export function knock(url: string, svid: X509SVID): Promise<string> {
  const { certificates, privateKey } = svid.marshal()
  return get(url, { cert: certificates, key: privateKey, rejectUnauthorized: false, agent: false })
}

/** Calls orders with a JWT-SVID for an audience. */
export async function bearer(url: string, tokens: JWTSource, subject: SpiffeID, audience: string) {
  const svid = await tokens.fetchJWTSVID({ audience, subject })
  const response = await fetch(url, { headers: { authorization: `Bearer ${svid.marshal()}` } })
  return { status: response.status, body: await response.text() }
}

async function get(url: string, options: https.RequestOptions): Promise<string> {
  const [response] = await once(https.get(url, options), 'response')
  return text(response)
}
