import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WorkloadAPI } from 'js-spiffe/testing'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)

/** Runs an example as its npm script does. */
const example = (name: string, env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ['--import', 'tsx', 'examples/run.ts', name], { env: { ...process.env, ...env } })

const orders = 'spiffe://acme.internal/orders'
const checkout = 'spiffe://acme.internal/checkout'

// Each starts several processes: how long that takes is up to the machine.
describe.concurrent('the example', { timeout: 120_000 }, () => {
  test('https serves a workload of its own trust domain', async () => {
    const { stdout, stderr } = await example('https')
    const [listens, answers] = stdout.trim().split('\n')
    expect(listens).toMatch(/^spiffe:\/\/acme\.internal\/orders listens on https:\/\/localhost:\d+\/$/)
    expect(answers).toBe(`${orders} answers: hello ${checkout}, this is ${orders}`)
    expect(stderr).toBe('')
  })

  test('bearer serves a token for orders, and refuses one for somebody else', async () => {
    const { stdout, stderr } = await example('bearer')
    const [listens, answered, refused] = stdout.trim().split('\n')
    expect(listens).toMatch(/^spiffe:\/\/acme\.internal\/orders listens on http:\/\/localhost:\d+\/$/)
    expect(answered).toBe(`200 hello ${checkout}, this is ${orders}`)
    expect(refused).toBe('401 ERR_SPIFFE_JWT_SVID_AUDIENCE_MISMATCH')
    expect(stderr).toBe('')
  })

  test('takes its identities from the agent that it is pointed to', async () => {
    await using api = await WorkloadAPI.start({ trustDomain: 'other.example' })
    const { address } = api.workload('spiffe://other.example/both')
    const { stdout } = await example('https', { SPIFFE_ENDPOINT_SOCKET: address })
    expect(stdout).toContain('spiffe://other.example/both answers: hello spiffe://other.example/both')
  })

  test('that there is not is none', async () => {
    await expect(example('nothing')).rejects.toMatchObject({ code: 2 })
  })
})
