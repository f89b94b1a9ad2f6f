import { mkdtempSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { X509ContextSource } from '../../src/svid/source.ts'
import { post } from './support/callers.ts'
import { createServer, Running } from './support/servers.ts'
import { expectNobody, visit } from './support/visitors.ts'
import { credentialsOf, evil, good, ID, issuerA, leafA, rootA } from './support/world.ts'

/** A copy of the library, with classes of its own. */
interface Copy {
  readonly tlsconfig: typeof import('../../src/tlsconfig/index.ts')
  readonly X509SVID: typeof import('../../src/svid/x509/x509-svid.ts').X509SVID
  readonly X509BundleSet: typeof import('../../src/bundle/x509/x509-bundle-set.ts').X509BundleSet
  readonly X509Bundle: typeof import('../../src/bundle/x509/x509-bundle.ts').X509Bundle
}

const ENTRY = `
  export * as tlsconfig from './tlsconfig/index.ts'
  export { X509SVID } from './svid/x509/x509-svid.ts'
  export { X509Bundle } from './bundle/x509/x509-bundle.ts'
  export { X509BundleSet } from './bundle/x509/x509-bundle-set.ts'
`

const folder = mkdtempSync(join(tmpdir(), 'copies-'))
let first: Copy
let second: Copy
beforeAll(async () => {
  const copies = await Promise.all(['first', 'second'].map((name) => bundle(join(folder, `${name}.mjs`))))
  const [one, other] = copies
  if (one === undefined || other === undefined) throw new Error('two copies were built')
  first = one
  second = other
})
afterAll(() => rmSync(folder, { recursive: true }))

async function bundle(outfile: string): Promise<Copy> {
  const resolveDir = fileURLToPath(new URL('../../src', import.meta.url))
  // The package says that its modules do nothing by themselves, and bundlers take it at its word.
  const stdin = { contents: ENTRY, resolveDir, loader: 'ts' } as const
  await build({
    stdin,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  })
  return import(/* @vite-ignore */ pathToFileURL(outfile).href)
}

function sourceIn({ X509SVID, X509Bundle, X509BundleSet }: Copy, id: string): X509ContextSource {
  const { cert, key } = credentialsOf(leafA(id), issuerA)
  const svid = X509SVID.parse(cert, key)
  const bundles = X509BundleSet.from([X509Bundle.parse('a.test', rootA.pem)])
  return {
    getX509SVID: () => svid,
    getX509Bundle: (trustDomain) => bundles.getX509Bundle(trustDomain),
    getX509Bundles: () => bundles.getX509Bundles(),
    onChange: () => () => {},
    snapshot: () => ({ svid, svids: [svid], bundles }),
  }
}

const member = good['with an intermediate']
const [impostor] = evil['of our trust domain, issued by the authority of a federated one']

describe('a bundled copy of the library', () => {
  test('guards a server that was forgotten', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { authorizeMemberOf, mtlsServerOptions } = first.tlsconfig
    const options = mtlsServerOptions(sourceIn(first, ID.server), authorizeMemberOf('a.test'))
    await using running = await Running.start(createServer('https', options))
    expect((await visit(running.port, member)).received).toContain('hello')
    await expectNobody(running, [impostor, undefined])
    expect(warnings).toHaveBeenCalledOnce()
    warnings.mockRestore()
  })

  test('checks the servers that a client calls', async () => {
    const { authorizeID, mtlsClientOptions } = first.tlsconfig
    const source = sourceIn(first, ID.client)
    await using running = await Running.start(createServer('https', credentialsOf(leafA(ID.server), issuerA)))
    const call = (options: https.RequestOptions): Promise<string> =>
      new Promise((resolve, reject) => {
        const target = { ...options, host: '127.0.0.1', port: running.port, agent: false } as const
        https
          .get(target, (response) => resolve(first.tlsconfig.peerID(response).toString()))
          .on('error', reject)
      })
    expect(await call(mtlsClientOptions(source, authorizeID(ID.server)))).toBe(ID.server)
    await expect(call(mtlsClientOptions(source, authorizeID('spiffe://a.test/other')))).rejects.toMatchObject(
      {
        code: 'ERR_SPIFFE_TLS_UNAUTHORIZED',
      },
    )
  })
})

describe('two copies of the library in one process', () => {
  test('share no connection of an agent', async () => {
    const server = credentialsOf(leafA(ID.server), issuerA)
    await using running = await Running.start(createServer('https', server))
    const agent = new https.Agent({ keepAlive: true })
    const admits = first.tlsconfig.mtlsClientOptions(sourceIn(first, ID.client), () => true)
    const refuses = second.tlsconfig.mtlsClientOptions(sourceIn(second, ID.client), () => 'nobody')
    for (const _time of [1, 2]) {
      await expect(post(running.port, { ...admits, agent })).rejects.toMatchObject({
        // It got through; only the copy that did it knows who answered.
        code: 'ERR_SPIFFE_TLS_NO_PEER_ID',
      })
      await expect(post(running.port, { ...refuses, agent })).rejects.toMatchObject({
        code: 'ERR_SPIFFE_TLS_UNAUTHORIZED',
      })
    }
    agent.destroy()
  })

  test('know their own servers only', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const mine = (copy: Copy): ReturnType<typeof createServer> =>
      createServer(
        'https',
        copy.tlsconfig.mtlsServerOptions(
          sourceIn(copy, ID.server),
          copy.tlsconfig.authorizeMemberOf('a.test'),
        ),
      )
    expect(() => second.tlsconfig.attach(mine(first))).toThrow(TypeError)
    for (const copy of [first, second]) {
      await using running = await Running.start(mine(copy))
      expect((await visit(running.port, member)).received).toContain('hello')
      await expectNobody(running, [impostor, undefined])
    }
    expect(warnings).toHaveBeenCalledTimes(2)
    warnings.mockRestore()
  })

  test('answer for their own connections only', async () => {
    const { attach, authorizeAny, mtlsServerOptions } = first.tlsconfig
    const answers: unknown[] = []
    const server = https.createServer(
      mtlsServerOptions(sourceIn(first, ID.server), authorizeAny()),
      (request, response) => {
        answers.push(first.tlsconfig.peerID(request).toString())
        try {
          answers.push(second.tlsconfig.peerID(request).toString())
        } catch (error) {
          answers.push(error instanceof Error && 'code' in error && error.code)
        }
        response.end()
      },
    )
    await using running = await Running.start(attach(server))
    await visit(running.port, member)
    expect(answers).toEqual([ID.client, 'ERR_SPIFFE_TLS_NO_PEER_ID'])
  })
})
