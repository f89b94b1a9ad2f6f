import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { Server } from 'node:net'
import { SpiffeError, type SpiffeID, tlsconfig } from 'js-spiffe'
import { authenticateBearer, BearerError } from 'js-spiffe/http'
import { matchID } from 'js-spiffe/spiffeid'
import type { Player } from './cast.ts'

/** The orders service: over https with mutual TLS, and over http with bearer tokens. It admits one ID. */
export class Orders implements AsyncDisposable {
  readonly #https: https.Server
  readonly #http: http.Server

  private constructor(httpsServer: https.Server, httpServer: http.Server) {
    this.#https = httpsServer
    this.#http = httpServer
  }

  static async start({ x509, jwt }: Player, admitted: SpiffeID): Promise<Orders> {
    const options = tlsconfig.mtlsServerOptions(x509, tlsconfig.authorizeID(admitted))
    const httpsServer = tlsconfig.attach(
      https.createServer(options, (req, res) => res.end(`hello ${tlsconfig.peerID(req)}`)),
    )

    const httpServer = http.createServer(async (req, res) => {
      try {
        const bearer = { audience: 'orders', authorize: matchID(admitted) }
        const { id } = await authenticateBearer(req.rawHeaders, jwt, bearer)
        res.end(`hello ${id}`)
      } catch (error) {
        res.writeHead(error instanceof BearerError ? error.status : 503)
        res.end(error instanceof SpiffeError ? error.code : undefined)
      }
    })

    for (const server of [httpsServer, httpServer]) await once(server.listen(0, 'localhost'), 'listening')
    return new Orders(httpsServer, httpServer)
  }

  /** Where it serves over mutual TLS. */
  get url(): string {
    return `https://localhost:${portOf(this.#https)}/`
  }

  /** Where it serves with bearer tokens. */
  get bearerURL(): string {
    return `http://localhost:${portOf(this.#http)}/`
  }

  /** The reason for which the next connection is refused. */
  async nextRefusal(): Promise<SpiffeError> {
    const [reason] = await once(this.#https, 'tlsClientError', { signal: AbortSignal.timeout(5000) })
    if (reason instanceof SpiffeError) return reason
    throw new Error(`refused for another reason: ${reason}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#https, this.#http]) {
      server.close()
      server.closeAllConnections()
    }
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
  return address.port
}
