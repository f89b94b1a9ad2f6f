import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { JWTBundleSource } from '../../../../src/bundle/index.ts'
import { SpiffeError } from '../../../../src/errors.ts'
import { authenticateBearer, BearerError } from '../../../../src/http/index.ts'
import { matchID, matchMemberOf, or } from '../../../../src/spiffeid/index.ts'
import type { X509ContextSource } from '../../../../src/svid/index.ts'
import { attach, mtlsServerOptions, peerID } from '../../../../src/tlsconfig/index.ts'
import type { Answer } from './protocol.ts'
import { failureOf, report } from './report.ts'

export interface Orders {
  /** Who may come in, by certificate and by token: SPIFFE IDs, and names of trust domains. */
  readonly admit: readonly string[]
  /** Whom tokens have to be for. */
  readonly audience: string
}

/** An HTTPS server that tells each client who it is, and us whom it refused. @returns The port. */
export async function serveOrders(
  source: X509ContextSource,
  bundles: JWTBundleSource,
  { admit, audience }: Orders,
): Promise<number> {
  const authorize = or(...admit.map((who) => (who.startsWith('spiffe:') ? matchID(who) : matchMemberOf(who))))

  const identify = async (request: IncomingMessage): Promise<Answer> => {
    const peer = peerID(request).toString()
    if (request.headers.authorization === undefined) return { peer }
    const caller = await authenticateBearer(request.rawHeaders, bundles, { audience, authorize })
    return { peer, caller: caller.id.toString() }
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      response.end(JSON.stringify(await identify(request)))
    } catch (error) {
      response.statusCode = error instanceof BearerError ? error.status : 503
      response.end(String(error))
    }
  }

  const server = attach(https.createServer(mtlsServerOptions(source, authorize)))
  server.on('request', (request, response) => void answer(request, response))
  server.on('tlsClientError', (error) => {
    // A client that leaves in the midst of a handshake is told of here, too.
    if (error instanceof SpiffeError) report({ event: 'refused', error: failureOf(error) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
