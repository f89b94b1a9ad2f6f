import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Keeper } from '../../support/keeper.ts'
import { run } from '../../support/run.ts'

const startsWithinMs = 60_000
const answersWithinMs = 5_000

/** A server or an agent: a program that serves until it is told not to. */
export class Daemon {
  readonly #keeper: Keeper
  readonly #binary: string
  readonly #socket: string
  #child: ChildProcess | undefined
  #log = ''

  constructor(keeper: Keeper, binary: string, socket: string) {
    this.#keeper = keeper
    this.#binary = binary
    this.#socket = socket
  }

  /** Starts it and waits until it says that it is healthy. */
  async start(args: readonly string[]): Promise<void> {
    const child = this.#keeper.spawn(this.#binary, ['run', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-16_384)
      })
    }
    const deadline = performance.now() + startsWithinMs
    while (!(await this.#healthy())) {
      if (hasEnded(child) || performance.now() > deadline) {
        throw new Error(`${this.#binary} did not start:\n${this.#log}`)
      }
      await delay(50)
    }
  }

  /** What it logged lately. */
  get log(): string {
    return this.#log
  }

  /** Asks it to end, and waits. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it without asking. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Takes the processor from it: its sockets stay open and nobody answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  async #healthy(): Promise<boolean> {
    const args = ['healthcheck', '-socketPath', this.#socket]
    const { status } = await run(this.#keeper, this.#binary, args, { timeoutMs: answersWithinMs })
    return status === 0
  }
}

/** Whether it came to an end, by itself or by a signal. */
const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
