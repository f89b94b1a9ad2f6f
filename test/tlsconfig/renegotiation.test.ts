import tls from 'node:tls'
import { afterAll, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import {
  attach,
  authorizeAny,
  authorizeMemberOf,
  mtlsClientOptions,
  mtlsServerOptions,
} from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import { Attackers } from './support/attackers.ts'
import { Running } from './support/servers.ts'
import {
  credentialsOf,
  good,
  ID,
  issuerA,
  issuerB,
  leafA,
  rootA,
  rootB,
  rootUnknown,
  sourceFor,
} from './support/world.ts'

const attackers = new Attackers()
afterAll(() => attackers[Symbol.dispose]())

beforeEach((context: TestContext) => {
  if (attackers.missing === undefined) return
  const reason = `needs gcc and the headers of OpenSSL (libssl-dev): ${attackers.missing}`
  // Who builds the library may lack them, who vouches for it may not.
  if (process.env['CI'] !== undefined) throw new Error(reason)
  context.skip(reason)
})

const first = attackers.save(good['with an intermediate'], 'first.pem')
const SECOND = {
  'of the same trust domain': credentialsOf(leafA('spiffe://a.test/admin'), issuerA),
  'of a federated one': credentialsOf(mintLeaf('spiffe://b.test/admin', issuerB), issuerB),
  'of an unknown authority': credentialsOf(mintLeaf('spiffe://a.test/admin', rootUnknown)),
}

/** A TLS server that answers each message with who sent it, as far as Node knows. */
function echo(options: tls.TlsOptions, heard: string[]): tls.Server {
  return tls.createServer(options, (socket) => {
    socket.on('error', () => {})
    socket.prependListener('secure', () =>
      heard.push(`handshake of ${socket.getPeerCertificate().subjectaltname}`),
    )
    socket.on('data', (data) => {
      heard.push(`${data} from ${socket.getPeerCertificate().subjectaltname}`)
      socket.write('heard')
    })
  })
}

function messages(heard: readonly string[]): string[] {
  return heard.filter((word) => !word.startsWith('handshake'))
}

async function all(lines: AsyncIterableIterator<string>): Promise<string[]> {
  const words: string[] = []
  for await (const line of lines) words.push(line)
  return words
}

describe.each(Object.entries(SECOND))(
  'a client that becomes another one, %s, by renegotiation',
  (_name, credentials) => {
    const second = attackers.save(credentials, `second-${_name}.pem`)

    test('gets away with it at a plain server', async () => {
      const heard: string[] = []
      const options = { ...good['with an intermediate'], ca: [rootA.pem, rootB.pem], requestCert: true }
      await using running = await Running.start(echo({ ...options, rejectUnauthorized: false }, heard))
      const words = await all(attackers.run('reneg', `${running.port}`, first, second))
      expect(words).toEqual(['connected', 'answered', 'renegotiated', 'answered-again'])
      expect(heard[1]).toMatch(/^handshake of URI:spiffe:\/\/[ab]\.test\/admin$/)
      expect(heard[2]).toMatch(/^two from URI:spiffe:\/\/[ab]\.test\/admin$/)
    })

    test.each<[string, tls.TlsOptions]>([
      ['', {}],
      [' whose options allow it', { secureOptions: 0 }],
      [
        ' that has contexts of its own',
        { SNICallback: (_server, done) => done(null, tls.createSecureContext(good['with an intermediate'])) },
      ],
    ])('is cut off by a guarded server%s', async (_what, over) => {
      const heard: string[] = []
      const options = { ...mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test')), ...over }
      await using running = await Running.start(attach(echo(options, heard)))
      const words = await all(attackers.run('reneg', `${running.port}`, first, second))
      expect(words).toEqual(['connected', 'answered'])
      expect(messages(heard)).toEqual([`one from URI:${ID.client}`])
      expect(heard.join()).not.toContain('admin')
    })

    test('is cut off by a guarded server to which a plain one hands its connections', async () => {
      const heard: string[] = []
      const server = attach(echo(mtlsServerOptions(sourceFor(ID.server), authorizeMemberOf('a.test')), heard))
      const front = tls.createServer({
        ...good['with an intermediate'],
        ca: [rootA.pem, rootB.pem],
        requestCert: true,
        rejectUnauthorized: false,
      })
      front.on('secureConnection', (socket) => server.emit('secureConnection', socket))
      await using running = await Running.start(front)
      const words = await all(attackers.run('reneg', `${running.port}`, first, second))
      expect(words).not.toContain('answered-again')
      expect(messages(heard)).toEqual([`one from URI:${ID.client}`])
    })
  },
)

describe.each(Object.entries(SECOND))(
  'a server that becomes another one, %s, by renegotiation',
  (_name, credentials) => {
    const second = attackers.save(credentials, `second-server-${_name}.pem`)

    /** Connects, writes, answers what is said, and notes the names under which the server was seen. */
    async function call(options: tls.ConnectionOptions): Promise<{ words: string[]; names: string[] }> {
      const lines = attackers.run('srvreneg', first, second)
      const port = Number((await lines.next()).value)
      const names: string[] = []
      const socket = tls.connect({ ...options, host: '127.0.0.1', port })
      socket.on('error', () => {})
      socket.on('secureConnect', () => {
        names.push(socket.getPeerCertificate().subjectaltname ?? '')
        if (names.length === 1) socket.write('one')
      })
      socket.on('data', () => socket.write('three'))
      const words = await all(lines)
      socket.destroy()
      return { words, names }
    }

    test('gets away with it with a plain client', async () => {
      const { words, names } = await call({ rejectUnauthorized: false })
      expect(words).toEqual(['connected', 'heard', 'renegotiated'])
      expect(names).toEqual([`URI:${ID.client}`, expect.stringMatching(/^URI:spiffe:\/\/[ab]\.test\/admin$/)])
    })

    test('is cut off by our client', async () => {
      const { words, names } = await call(mtlsClientOptions(sourceFor(ID.client), authorizeAny()))
      expect(words).toEqual(['connected', 'heard'])
      expect(new Set(names)).toEqual(new Set([`URI:${ID.client}`]))
    })
  },
)
