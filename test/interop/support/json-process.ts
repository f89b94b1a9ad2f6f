import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Keeper } from './keeper.ts'

/** What a program writes: one JSON object a line, told apart by `event`. */
export interface ProgramEvent {
  readonly event: string
}

export interface JSONProcessOptions extends SpawnOptions {
  /** The first line of the program's input, as JSON. */
  readonly config?: unknown
}

/** A program that reads and writes JSON lines and ends when its input ends. */
export class JSONProcess<E extends ProgramEvent> {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #events: E[] = []
  readonly #waiting = new Set<() => void>()
  readonly #closed: Promise<unknown>
  #taken = 0
  #ended = false
  #errors = ''

  constructor(keeper: Keeper, command: string, args: readonly string[], options: JSONProcessOptions = {}) {
    const { config, ...spawnOptions } = options
    this.#name = [command, ...args].join(' ')
    this.#child = keeper.spawn(command, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] })
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) throw new Error(`${this.#name} has no output`)

    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-8192)
    })
    createInterface({ input: stdout }).on('line', (line) => {
      this.#events.push(JSON.parse(line))
      this.#wake()
    })
    this.#closed = once(this.#child, 'close').finally(() => {
      this.#ended = true
      this.#wake()
    })
    this.#closed.catch((error: unknown) => {
      this.#errors += String(error)
    })
    if (config !== undefined) this.send(config)
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start: ${this.#errors}`)
    return this.#child.pid
  }

  /** Everything the program has written. */
  get events(): readonly E[] {
    return this.#events
  }

  /** Everything of one kind that the program has written. */
  all<K extends E['event']>(event: K): readonly Extract<E, { event: K }>[] {
    return this.#events.filter((one): one is Extract<E, { event: K }> => one.event === event)
  }

  /** Writes one line to the program. */
  send(value: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(value)}\n`)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /**
   * Waits for the next event of a kind, after the last one that was waited for.
   *
   * @param accept - Passes over events that it does not return `true` for.
   */
  async next<K extends E['event']>(
    event: K,
    accept: (one: Extract<E, { event: K }>) => boolean = () => true,
    timeoutMs = 60_000,
  ): Promise<Extract<E, { event: K }>> {
    const wanted = (one: E): one is Extract<E, { event: K }> =>
      one.event === event && accept(one as Extract<E, { event: K }>)
    const deadline = AbortSignal.timeout(timeoutMs)
    for (;;) {
      while (this.#taken < this.#events.length) {
        const one = this.#events[this.#taken++]
        if (one !== undefined && wanted(one)) return one
      }
      if (this.#ended) throw new Error(`${this.#name} ended before ${event}: ${this.#errors}`)
      if (deadline.aborted) {
        throw new Error(`${this.#name} wrote no such ${event} for ${timeoutMs} ms, but ${this.#said()}`)
      }
      await this.#more(deadline)
    }
  }

  /** Ends the program's input and waits for the program to end. */
  async close(): Promise<void> {
    this.#child.stdin?.end()
    await this.#closed
  }

  #said(): string {
    return `${JSON.stringify(this.#events.slice(-10))} ${this.#errors}`
  }

  #more(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        deadline.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      deadline.addEventListener('abort', done)
    })
  }

  #wake(): void {
    for (const done of this.#waiting) done()
  }
}
