import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { WorkloadAPI } from '../../src/testing/index.ts'
import { RawClient, until } from './support.ts'

const run = promisify(execFile)
const orders = 'spiffe://acme.internal/orders'
const pathOf = ({ address }: { address: string }): string => address.replace('unix://', '')

describe('closing a Workload API', () => {
  test('removes its sockets and their folder, and may be done again', async () => {
    const api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    const workload = api.workload(orders)
    expect(existsSync(pathOf(workload))).toBe(true)
    await api.close()
    await api.close()
    expect(existsSync(dirname(pathOf(workload)))).toBe(false)
  })

  test('happens at the end of its scope', async () => {
    let path: string
    {
      await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
      path = pathOf(api.workload(orders))
      expect(existsSync(path)).toBe(true)
    }
    expect(existsSync(path)).toBe(false)
  })

  test('breaks open streams as an agent does that goes down: unavailable, and no word of a redaction', async () => {
    const api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    using client = new RawClient(api.workload(orders).address)
    const stream = client.open('fetchX509SVID')
    await stream.next()
    await api.close()
    expect(await stream.end()).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('waits for nobody: not for a call that came, nor for an SVID that is being issued', async () => {
    const api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
    const workload = api.workload(orders)
    using client = new RawClient(workload.address)
    const stream = client.open('fetchX509SVID')
    await until(() => workload.connections === 1)
    await api.close()
    expect(await stream.end()).toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('leaves another Workload API of the process alone', async () => {
    const [one, two] = await Promise.all(
      ['one.example', 'two.example'].map((trustDomain) => WorkloadAPI.start({ trustDomain })),
    )
    const workload = two?.workload('spiffe://two.example/x') ?? expect.fail()
    await one?.close()
    using client = new RawClient(workload.address)
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
    await two?.close()
  })
})

describe('a process', { timeout: 120_000 }, () => {
  const script = (code: string): Promise<{ stdout: string }> =>
    run(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { WorkloadAPI } from './src/testing/index.ts'
       import { RawClient } from './test/testing/support.ts'
       const api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
       const workload = api.workload('${orders}')
       const client = new RawClient(workload.address)
       await client.open('fetchX509SVID').next()
       console.log(workload.address)
       ${code}`,
    ])

  test('ends by itself once its Workload API and its client are closed', async () => {
    const { stdout } = await script('client[Symbol.dispose](); await api.close()')
    expect(existsSync(stdout.trim().replace('unix://', ''))).toBe(false)
  })

  test('leaves no socket behind where it ends without closing anything', async () => {
    const { stdout } = await script('process.exit(0)')
    expect(stdout).toMatch(/^unix:/)
    expect(existsSync(dirname(stdout.trim().replace('unix://', '')))).toBe(false)
  })
})

describe('the folder of the sockets', () => {
  test('is made where it is asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'x-'))
    {
      await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal', folder })
      expect(pathOf(api.workload(orders)).startsWith(folder)).toBe(true)
    }
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })

  test('is refused where its sockets would have paths too long for the system', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'x-'))
    const fits = join(parent, 'd'.repeat(72 - parent.length))
    mkdirSync(fits)
    const api = await WorkloadAPI.start({ trustDomain: 'acme.internal', folder: fits })
    using client = new RawClient(api.workload(orders).address)
    expect((await client.open('fetchX509SVID').next()).svids).toHaveLength(1)
    await api.close()
    await expect(WorkloadAPI.start({ trustDomain: 'acme.internal', folder: `${fits}d` })).rejects.toThrow(
      TypeError,
    )
    rmSync(parent, { recursive: true })
  })
})
