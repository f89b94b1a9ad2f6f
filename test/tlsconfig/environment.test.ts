import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authorizeID, mtlsClientOptions } from '../../src/tlsconfig/index.ts'
import { mintLeaf } from '../support/mint.ts'
import { CALLERS } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { credentialsOf, ID, issuerA, issuerB, leafA, rootUnknown, sourceFor } from './support/world.ts'

describe('with NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  beforeAll(() => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  })
  afterAll(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })

  test.each(Object.entries(CALLERS))(
    'a client still tells nothing to an impostor: %s',
    async (_name, [kind, call]) => {
      const options = mtlsClientOptions(sourceFor(ID.client), authorizeID(ID.server))
      await using running = await Running.start(createServer(kind, credentialsOf(leafA(ID.server), issuerA)))
      expect((await call(running.port, options)).peer).toBe(ID.server)

      for (const impostor of [mintLeaf(ID.server, issuerB), mintLeaf(ID.server, rootUnknown)]) {
        await using other = await Running.start(createServer(kind, credentialsOf(impostor)))
        await expect(call(other.port, options)).rejects.toMatchObject({
          code: 'ERR_SPIFFE_X509_SVID_UNKNOWN_AUTHORITY',
        })
        expect(other.seen).not.toContain('data')
        expect(other.seen).not.toContain('stream')
      }
    },
  )
})
