import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attach, authorizeMemberOf, mtlsServerOptions } from '../../src/tlsconfig/index.ts'
import { createServer, Running, SERVER_KINDS } from './support/servers.ts'
import { HELLOS, VERSIONS, visit } from './support/visitors.ts'
import { evil, good, ID, sourceFor } from './support/world.ts'

const source = sourceFor(ID.server)

describe.each(SERVER_KINDS)('a server of %s', (kind) => {
  describe.each(VERSIONS)('over %s', (version) => {
    let running: Running
    beforeAll(async () => {
      const options = { ...mtlsServerOptions(source, authorizeMemberOf('a.test')), maxVersion: version }
      running = await Running.start(attach(createServer(kind, options)))
    })
    afterAll(() => running[Symbol.asyncDispose]())

    describe.each(Object.entries(HELLOS))('to a client that sends %s', (_hello, hello) => {
      test.each(Object.entries(good))(
        'serves a member of its trust domain %s',
        async (_name, credentials) => {
          running.seen.length = 0
          running.refused.length = 0

          const { received } = await visit(running.port, credentials, hello)

          expect(running.seen).toContain('secureConnection')
          const isHTTP2 = kind.startsWith('http2') && 'ALPNProtocols' in hello
          // An HTTP/2 server speaks first, with its settings.
          expect(received).toContain(isHTTP2 ? '\0\0' : `hello ${ID.client}`)
          expect(running.refused).toEqual([])
        },
      )

      test.each(Object.entries(evil))('shows nothing of one %s', async (_name, [credentials, code]) => {
        running.seen.length = 0
        running.refused.length = 0

        const { received } = await visit(running.port, credentials, hello)

        expect(received).toBe('')
        expect(running.seen).toEqual([])
        expect(running.codes).toEqual([code])
      })
    })
  })
})
