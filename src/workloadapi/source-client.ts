import { assertTimeout } from './calls.ts'
import { WorkloadAPIClient } from './client.ts'
import type { SourceOptions } from './source-options.ts'

/** The client of a source, and what to do with it at the end. */
export interface SourceClient {
  readonly client: WorkloadAPIClient
  /** Closes it, where it is the source's own. */
  release(): Promise<void>
}

const redactions: readonly string[] = ['stop', 'confirm', 'keep'] satisfies SourceOptions['redaction'][]

/**
 * Checks the options that all sources have, and takes the client among them or makes one.
 *
 * @throws `TypeError` when an option is wrong, and the reason of the signal when it has aborted.
 */
export function clientOf(options: SourceOptions): SourceClient {
  const { client, address, clock, timeoutMs, signal, redaction = 'stop' } = options
  if (timeoutMs !== undefined) assertTimeout(timeoutMs)
  if (!redactions.includes(redaction)) throw new TypeError("redaction is 'stop', 'confirm' or 'keep'")
  signal?.throwIfAborted()
  if (client === undefined) {
    const own = WorkloadAPIClient.create({ address, clock })
    return { client: own, release: () => own.close() }
  }
  if (address !== undefined || clock !== undefined) {
    throw new TypeError('a client has its address and its clock: give either it or them')
  }
  return { client, release: async () => {} }
}
