import { createInterface } from 'node:readline'
import { JWTSource, X509Source } from '../../../../src/workloadapi/index.ts'
import type { Command, WorkloadConfig, WorkloadEvent } from './protocol.ts'
import { failureOf, report } from './report.ts'
import { Workload } from './workload.ts'

// A workload of a test: its first line of input is its configuration, each further line a command.
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function read<T>(): Promise<T | undefined> {
  const { value, done } = await input.next()
  return done === true ? undefined : JSON.parse(value)
}

type Source = Extract<WorkloadEvent, { event: 'outlived' }>['source']

const outlivedBy = (source: Source) => (error: Error) =>
  report({ event: 'outlived', source, error: failureOf(error) })

try {
  const config = await read<WorkloadConfig>()
  if (config === undefined) throw new Error('there is no configuration')
  const workload = new Workload(
    config.address,
    await X509Source.create({ ...config, onError: outlivedBy('X509Source') }),
    await JWTSource.create({ ...config, onError: outlivedBy('JWTSource') }),
  )
  for (let command = await read<Command>(); command !== undefined; command = await read<Command>()) {
    workload.obey(command).catch((error: unknown) => report({ event: 'failed', error: failureOf(error) }))
  }
} catch (error) {
  report({ event: 'failed', error: failureOf(error) })
}
process.exit()
