import type { SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Keeper } from './keeper.ts'

/** What became of a command. */
export interface Ended {
  /** `null` where a signal ended it, as one does when its time is over. */
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** How to run a command. */
export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** When it is killed, in milliseconds. */
  readonly timeoutMs: number
  /** What it reads. @default nothing */
  readonly input?: string
}

/** Runs a command that ends by itself. */
export async function run(
  keeper: Keeper,
  command: string,
  args: readonly string[],
  { timeoutMs, input = '', ...options }: RunOptions,
): Promise<Ended> {
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const
  const child = keeper.spawn(command, args, { ...options, ...limits, stdio: 'pipe' })
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error(`${command} has no pipes`)
  // It need not read what it is given.
  stdin.on('error', () => undefined).end(input)
  const [[status], output, errors] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)])
  return { status, output, errors }
}
