// The orders service: plain http, where each request carries the JWT-SVID of its caller.
import http from 'node:http'
import { JWTSource } from 'js-spiffe'
import { authenticateBearer, BearerError } from 'js-spiffe/http'
import { matchMemberOf } from 'js-spiffe/spiffeid'

const port = process.env['PORT'] ?? '8080'

const source = await JWTSource.create()
const { id } = await source.fetchJWTSVID({ audience: 'orders' })

// Tokens must be for us, and from a workload of our own trust domain.
const options = { audience: 'orders', authorize: matchMemberOf(id.trustDomain) }

const server = http.createServer(async (req, res) => {
  try {
    const caller = await authenticateBearer(req.rawHeaders, source, options)
    res.end(`hello ${caller.id}, this is ${id}`)
  } catch (error) {
    if (!(error instanceof BearerError)) {
      // No bundle to validate with: that is our trouble, not the caller's.
      res.writeHead(503).end()
      return
    }
    res.writeHead(error.status, { 'www-authenticate': error.wwwAuthenticate }).end(error.code)
  }
})

server.listen(port, () => console.log(`${id} listens on http://localhost:${port}/`))

process.once('SIGTERM', async () => {
  server.close()
  await source.close()
})
