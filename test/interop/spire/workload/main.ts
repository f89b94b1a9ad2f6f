import { createInterface } from 'node:readline'
import { JWTSource, WorkloadAPIClient, X509Source } from '../../../../src/workloadapi/index.ts'
import type { Command, WorkloadConfig } from './protocol.ts'
import { failureOf, report } from './report.ts'
import { Workload } from './workload.ts'

// A workload of a test: its first line of input is its configuration, each further line a command.
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function read<T>(): Promise<T | undefined> {
  const { value, done } = await input.next()
  return done === true ? undefined : JSON.parse(value)
}

try {
  const config = await read<WorkloadConfig>()
  if (config === undefined) throw new Error('there is no configuration')
  report({ event: 'started' })
  const { address, timeoutMs } = config
  const workload = new Workload(
    WorkloadAPIClient.create({ address }),
    await X509Source.create({ address, timeoutMs }),
    await JWTSource.create({ address, timeoutMs }),
  )
  for (let command = await read<Command>(); command !== undefined; command = await read<Command>()) {
    workload.obey(command).catch((error: unknown) => report({ event: 'failed', error: failureOf(error) }))
  }
} catch (error) {
  report({ event: 'failed', error: failureOf(error) })
}
process.exit()
