import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { BundleSource, JWTSource, WorkloadAPIClient, X509Source } from '../../src/workloadapi/index.ts'
import { FakeWorkloadAPI } from '../support/fake-workload-api.ts'
import { acme, jwt, jwtBundlesResponse, NOW, ORDERS, x509Response, x509SVID } from './messages.ts'
import { eventually, rejection } from './support.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
let api: FakeWorkloadAPI
// Within the project, so that what it imports is found.
let built: string

beforeAll(async () => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  built = mkdtempSync(join(root, '.cache', 'lifetime-'))
  await build({
    entryPoints: [join(root, 'src/workloadapi/index.ts')],
    outdir: built,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  })
  api = await FakeWorkloadAPI.start()
  api.on('fetchX509SVID', (call) => call.send(x509Response()))
  api.on('fetchX509Bundles', (call) =>
    call.send({ bundles: new Map([['spiffe://acme.internal', acme.der]]), crl: [] }),
  )
  api.on('fetchJWTBundles', (call) => call.send(jwtBundlesResponse()))
  api.on('fetchJWTSVID', (call) => call.send({ svids: [{ spiffeID: ORDERS, svid: jwt(), hint: '' }] }))
})

afterAll(() => {
  api.close()
  rmSync(built, { recursive: true })
})

interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs a program in a process of its own, which is left to end by itself. */
function run(program: string, address: string, onOutput?: (output: string) => void): Promise<Ended> {
  const source = JSON.stringify(pathToFileURL(join(built, 'index.mjs')).href)
  const code = `import * as workloadapi from ${source}\nconst address = process.env.ADDRESS\n${program}`
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    ['--input-type=module', '--eval', code],
    { cwd: root, env: { ...process.env, ADDRESS: address }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
    onOutput?.(output)
  })
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ code: exitCode, output })))
}

describe('a process', () => {
  it('ends by itself while sources, watches and waits are open', async () => {
    const { code, output } = await run(
      `
      const { X509Source, JWTSource, BundleSource, WorkloadAPIClient } = workloadapi
      const x509 = await X509Source.create({ address })
      const jwt = await JWTSource.create({ address })
      await jwt.fetchJWTSVID({ audience: 'billing' })
      const bundles = await BundleSource.create({ address })
      const client = WorkloadAPIClient.create({ address })
      const watch = client.watchX509Context({ persistent: false })
      let watching = false
      watch.next().then(() => watch.next(watching = true))
      while (!watching) await new Promise((resolve) => setTimeout(resolve, 5))
      x509.waitForUpdate()
      const updates = jwt.updates()
      await updates.next()
      updates.next()
      console.log(x509.health().connected, jwt.health().connected, bundles.health().healthy)
      `,
      api.address,
    )
    expect({ code, output }).toEqual({ code: 0, output: 'true true true\n' })
  })

  it('ends by itself while a source waits for its agent to come back', async () => {
    const going = await FakeWorkloadAPI.start()
    going.on('fetchX509SVID', (call) => call.send(x509Response()))
    const { code, output } = await run(
      `
      const source = await workloadapi.X509Source.create({ address })
      console.log('up')
      while (source.health().retryAt === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
      console.log(source.health().lastError.code)
      `,
      going.address,
      (output) => output === 'up\n' && going.close(),
    )
    expect(code).toBe(0)
    expect(output).toMatch(/^up\nERR_SPIFFE_WORKLOAD_API_\w+\n$/)
  })

  it('stays alive while somebody waits for a first message, an answer or an update', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'silent-'))
    const silent = createServer((socket) => socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => silent.listen(join(folder, 'agent.sock'), resolve))
    const slow = await FakeWorkloadAPI.start()
    slow.on('fetchX509SVID', (call) => {
      call.send(x509Response())
      setTimeout(() => call.send(x509Response([x509SVID({}, { id: 'spiffe://acme.internal/next' })])), 200)
    })
    const failing = (call: string): string => `await ${call}.catch((error) => console.log(error.code))`
    const [waiting, watching, updating] = await Promise.all([
      run(
        `
        ${failing('workloadapi.X509Source.create({ address, timeoutMs: 100 })')}
        const client = workloadapi.WorkloadAPIClient.create({ address })
        ${failing("client.fetchJWTSVID({ audience: 'billing', timeoutMs: 100 })")}
        ${failing('client.fetchX509Context({ timeoutMs: 100 })')}
        `,
        `unix://${folder}/agent.sock`,
      ),
      run(
        `
        const client = workloadapi.WorkloadAPIClient.create({ address })
        for await (const { svid } of client.watchX509Context()) {
          console.log(svid.id.path)
          if (svid.id.path === '/next') break
        }
        `,
        slow.address,
      ),
      run(
        `
        const source = await workloadapi.X509Source.create({ address })
        console.log(source.getX509SVID().id.path)
        console.log((await source.waitForUpdate({ persistent: true })).svid.id.path)
        `,
        slow.address,
      ),
    ])
    silent.close()
    slow.close()
    rmSync(folder, { recursive: true })
    expect(waiting).toEqual({
      code: 0,
      output: 'ERR_SPIFFE_SOURCE_TIMEOUT\nERR_SPIFFE_WORKLOAD_API_TIMEOUT\nERR_SPIFFE_WORKLOAD_API_TIMEOUT\n',
    })
    expect(watching).toEqual({ code: 0, output: '/orders\n/next\n' })
    expect(updating).toEqual({ code: 0, output: '/orders\n/next\n' })
  })

  it('loads gRPC and protobuf when the first call is made, and not before', async () => {
    const { code, output } = await run(
      `
      import { createRequire } from 'node:module'
      const loaded = () =>
        Object.keys(createRequire(import.meta.url).cache).some((path) => /grpc-js|google-protobuf/.test(path))
      const client = workloadapi.WorkloadAPIClient.create({ address })
      client.watchX509Context()
      console.log(loaded())
      await client.fetchX509Context()
      console.log(loaded())
      `,
      api.address,
    )
    expect({ code, output }).toEqual({ code: 0, output: 'false\ntrue\n' })
  })
})

describe('nothing is left', () => {
  /** What this process holds open. */
  const resources = (): Record<string, number> => {
    const counts: Record<string, number> = {
      descriptors: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0,
    }
    for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1
    for (const name of process.eventNames()) counts[`process ${String(name)}`] = process.listenerCount(name)
    return counts
  }

  it('after many sources, clients, watches and failures', async () => {
    const clock = new ManualClock(NOW)
    const signal = new AbortController().signal
    const cycle = async (): Promise<void> => {
      const client = WorkloadAPIClient.create({ address: api.address, clock })
      const sources = await Promise.all([
        X509Source.create({ client, signal }),
        JWTSource.create({ client, signal }),
        BundleSource.create({ client, signal }),
        X509Source.create({ address: api.address, clock, signal }),
      ])
      await sources[1].fetchJWTSVID({ audience: 'billing', signal })
      for (const source of sources) source.onChange(() => {})
      const waiting = rejection(sources[0].waitForUpdate({ signal }))
      for await (const _ of client.watchX509Context({ signal })) break
      for (const source of sources) await source.close()
      await waiting
      await client.close()
      await rejection(
        X509Source.create({ address: 'unix:///nowhere/agent.sock', clock, signal: AbortSignal.timeout(1) }),
      )
    }
    await cycle()
    await eventually(() => api.openCalls === 0)
    const before = resources()
    for (let at = 0; at < 20; at++) await cycle()
    await eventually(() => api.openCalls === 0)
    await eventually(() => JSON.stringify(resources()) === JSON.stringify(before))
    expect(clock.pending).toBe(0)
  })
})
