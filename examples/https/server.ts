// The orders service: https with mutual TLS, open to the workloads of its own trust domain.
import https from 'node:https'
import { tlsconfig, X509Source } from 'js-spiffe'

const port = process.env['PORT'] ?? '8443'

const source = await X509Source.create()
const { id } = source.getX509SVID()

const admit = tlsconfig.authorizeMemberOf(id.trustDomain)
const server = https.createServer(tlsconfig.mtlsServerOptions(source, admit), (req, res) => {
  res.end(`hello ${tlsconfig.peerID(req)}, this is ${id}`)
})
tlsconfig.attach(server)

// Whoever is refused never gets as far as a request; this says why.
server.on('tlsClientError', (error) => console.error(`refused: ${error.message}`))

server.listen(port, () => console.log(`${id} listens on https://localhost:${port}/`))

process.once('SIGTERM', async () => {
  server.close()
  await source.close()
})
