import { AbortScope } from './abort-scope.ts'
import type { Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'
import { WorkloadAPIError } from './error.ts'
import type { Stream, Update } from './streams.ts'
import type { Transport } from './transport.ts'
import { holdProcess } from './wait.ts'
import { type WatchObserver, watch } from './watch.ts'
import type { Call } from './wire/workload-api.ts'

/** Options of a call that ends by itself. */
export interface CallOptions {
  /**
   * How long to wait for the answer, in milliseconds.
   *
   * @default 30000
   */
  readonly timeoutMs?: number | undefined
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const DEFAULT_TIMEOUT_MS = 30_000

/** The calls of a client and of the sources that share it: each within its time, and all ended together. */
export class Calls {
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly #keepaliveMs: number
  readonly #scopes = new Set<AbortScope>()
  #transport: Promise<Transport> | undefined
  #closed = false

  constructor(endpoint: Endpoint, clock: Clock, keepaliveMs: number) {
    this.endpoint = endpoint
    this.clock = clock
    this.#keepaliveMs = keepaliveMs
  }

  /** The answer of a call that has one. */
  unary<Request, Response>(
    call: Call<Request, Response>,
    content: Request,
    options: CallOptions,
  ): Promise<Response> {
    return this.#within(options, async (signal) => {
      let answer: (() => Response) | undefined
      // To its end, for the status comes last.
      for await (const message of this.answers(call, content, signal)) answer ??= message
      if (answer === undefined) throw this.#noAnswer()
      return answer()
    })
  }

  /** The first message of a stream, which is then ended. */
  first<T>(stream: Stream<T>, options: CallOptions): Promise<Update<T>> {
    return this.#within(options, async (signal) => {
      for await (const message of stream.open(this, signal)) return message()
      throw this.#noAnswer()
    })
  }

  /** Every message of a stream, which is opened again whenever it ends. */
  watch<T>(
    stream: Stream<T>,
    observer: WatchObserver,
    signal: AbortSignal,
  ): AsyncGenerator<Update<T>, never, void> {
    return watch({
      open: (attempt) => stream.open(this, attempt),
      onSilence: (silentMs) => this.#giveUp(silentMs),
      observer,
      clock: this.clock,
      signal,
    })
  }

  /** The answers of a call as they come. Each is handed over unread: reading one may throw. */
  async *answers<Request, Response>(
    call: Call<Request, Response>,
    content: Request,
    signal: AbortSignal,
  ): AsyncGenerator<() => Response, void, void> {
    yield* (await this.#load()).answers(call, content, signal)
  }

  /** Begins a piece of work, which is over when the client is closed at the latest. */
  begin(signal: AbortSignal | undefined): AbortScope {
    if (this.#closed) throw this.#closedError()
    const scope = new AbortScope(signal, () => this.#scopes.delete(scope))
    this.#scopes.add(scope)
    return scope
  }

  /** Ends all work and the connection. */
  async close(): Promise<void> {
    this.#closed = true
    for (const scope of this.#scopes) scope.abort(this.#closedError())
    await (await this.#transport)?.close()
  }

  // Somebody waits for the answer: until it is there the process stays alive, but nobody waits for ever.
  async #within<T>(
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: CallOptions,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    assertTimeout(timeoutMs)
    const scope = this.begin(signal)
    const release = holdProcess()
    const stopWaiting = this.clock.schedule(() => scope.abort(this.#timeout(timeoutMs)), timeoutMs)
    try {
      return await run(scope.signal)
    } finally {
      stopWaiting()
      release()
      scope.end()
    }
  }

  #load(): Promise<Transport> {
    this.#transport ??= import('./transport.ts').then(
      ({ Transport }) => new Transport(this.endpoint, this.#keepaliveMs),
    )
    return this.#transport
  }

  /** A stream that begins with silence: its connection may be dead without anybody having been told. */
  #giveUp(silentMs: number): WorkloadAPIError {
    void this.#transport?.then((transport) => transport.reconnect())
    return this.#timeout(silentMs)
  }

  #noAnswer(): WorkloadAPIError {
    return new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_UNAVAILABLE',
      `the Workload API at ${this.endpoint.address} ended the call without an answer`,
    )
  }

  #timeout(afterMs: number): WorkloadAPIError {
    return new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_TIMEOUT',
      `the Workload API at ${this.endpoint.address} did not answer within ${afterMs} ms`,
    )
  }

  #closedError(): WorkloadAPIError {
    return new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_CLOSED',
      `the client of the Workload API at ${this.endpoint.address} was closed`,
    )
  }
}

/** Checks a limit of time that a caller gave. */
export function assertTimeout(timeoutMs: number): void {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) {
    throw new TypeError('timeoutMs is a number of milliseconds greater than 0')
  }
}
