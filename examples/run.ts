// Runs the server and the client of an example: against the agent of SPIFFE_ENDPOINT_SOCKET, or, where that is not
// set, against a Workload API of our own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { WorkloadAPI } from 'js-spiffe/testing'

const examples = new Map([
  ['https', 'https'],
  ['bearer', 'http'],
])

const example = process.argv[2] ?? ''
const scheme = examples.get(example)
if (scheme === undefined) {
  console.error(`usage: npx tsx examples/run.ts ${[...examples.keys()].join('|')}`)
  process.exit(2)
}

const port = await freePort()
const { addresses, close } = await agent()

const server = start('server', addresses.orders)
try {
  await listening(server)
  const client = start('client', addresses.checkout, `${scheme}://localhost:${port}/`)
  const [code] = await once(client, 'exit')
  process.exitCode = code ?? 1
} finally {
  server.kill()
  await close()
}

/** Where each of the two finds its Workload API. */
async function agent() {
  const shared = process.env['SPIFFE_ENDPOINT_SOCKET']
  if (shared !== undefined) {
    return { addresses: { orders: shared, checkout: shared }, close: async () => undefined }
  }
  const api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
  const addresses = {
    orders: api.workload('spiffe://acme.internal/orders').address,
    checkout: api.workload('spiffe://acme.internal/checkout').address,
  }
  return { addresses, close: () => api.close() }
}

function start(role: 'server' | 'client', address: string, ...args: readonly string[]): ChildProcess {
  const file = new URL(`${example}/${role}.ts`, import.meta.url).pathname
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: address, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout?.pipe(process.stdout)
  return child
}

/** Kept when the server has printed that it listens; broken when it ends before that. */
async function listening(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the server did not start')))
  await Promise.race([child.stdout && once(child.stdout, 'data'), ended])
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
