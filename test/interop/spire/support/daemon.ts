import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Keeper } from '../../support/keeper.ts'

const startsWithinMs = 60_000

export const execute = promisify(execFile)

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
      if (child.exitCode !== null || performance.now() > deadline) {
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
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  async #healthy(): Promise<boolean> {
    try {
      await execute(this.#binary, ['healthcheck', '-socketPath', this.#socket], { timeout: 5_000 })
      return true
    } catch {
      return false
    }
  }
}
