import type { SpiffeErrorCode } from '../errors.ts'
import { AbortScope } from './abort-scope.ts'
import { type Calls, DEFAULT_TIMEOUT_MS } from './calls.ts'
import { Changes } from './changes.ts'
import { WorkloadAPIError } from './error.ts'
import { isRenewalOverdue, type Lifetime, type SourceHealth, type SourceState } from './health.ts'
import { Reporter } from './reporter.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'
import { afterEnd, afterMessage, afterRefusal, type StreamStatus, unheard } from './stream-status.ts'
import type { Stream, Update } from './streams.ts'

/** What a feed is made of. */
export interface FeedParameters<T> {
  /** What kind of source it is of, such as `X509Source`. */
  readonly source: string
  readonly calls: Calls
  readonly stream: Stream<T>
  readonly options: SourceOptions
  /** Whether two messages say the same. */
  equals(a: T, b: T): boolean
  /** What a message says, for the log. */
  describe(value: T): string
  /** How long it holds; for ever where absent. */
  lifetimeOf?(value: T): Lifetime
}

interface Held<T> {
  readonly value: T
  readonly lifetime: Lifetime | undefined
}

// SPIRE's agent asks its server every 5 s: whom it denied without meaning it has an answer after two of these.
const LONGEST_DOUBT_MS = 10_000

/**
 * One stream as a source keeps it: the newest message of it, whole, until the next one replaces it; and how the
 * stream is doing.
 */
export class Feed<T> {
  readonly changes: Changes<T> = new Changes()
  readonly reporter: Reporter
  readonly #parameters: FeedParameters<T>
  readonly #scope: AbortScope
  readonly #running: Promise<void>
  #status: StreamStatus = unheard
  #held: Held<T> | undefined
  #cancelExpiry: (() => void) | undefined
  /** Ends the wait for a second answer, while there is one. */
  #endDoubt: (() => void) | undefined
  #closed = false

  /**
   * Opens the stream and waits for its first message.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_TIMEOUT` when none comes in time, with the last failure
   * as its cause; at once what cannot get better; and the reason of the signal.
   */
  static async open<T>(parameters: FeedParameters<T>): Promise<Feed<T>> {
    const feed = new Feed(parameters)
    try {
      await feed.#firstMessage()
      return feed
    } catch (error) {
      await feed.close()
      throw error
    }
  }

  private constructor(parameters: FeedParameters<T>) {
    const { source, calls, options } = parameters
    this.#parameters = parameters
    this.reporter = new Reporter(source, calls.endpoint.address, options)
    this.#scope = calls.begin(undefined)
    this.#running = this.#run()
  }

  /**
   * What the newest message says.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED`, `…_REDACTED` or `…_EXPIRED` where there is
   * nothing to serve.
   */
  get value(): T {
    const state = this.#state
    if (this.#held && state === 'serving') return this.#held.value
    if (state === 'closed') throw this.closedError()
    if (state === 'expired') throw this.#expired()
    throw this.#error('ERR_SPIFFE_SOURCE_REDACTED', 'holds nothing: the agent withdrew it')
  }

  /**
   * Waits for the next message that says something new.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when none will come.
   */
  async next(options: UpdateOptions): Promise<T> {
    for await (const value of this.changes.after(options)) return value
    throw this.closedError()
  }

  /** How the stream is doing. */
  health(): SourceHealth {
    const state = this.#state
    const lifetime = this.#held?.lifetime
    const renewalOverdue = lifetime !== undefined && isRenewalOverdue(lifetime, this.#now)
    const healthy = state === 'serving' && this.#status.lastError === undefined && !renewalOverdue
    return { healthy, state, renewalOverdue, expiresAt: lifetime?.expiresAt, ...this.#status }
  }

  /** What everything throws once it is closed. */
  closedError(): WorkloadAPIError {
    return this.#error('ERR_SPIFFE_SOURCE_CLOSED', 'is closed')
  }

  /** Ends the stream; nothing is served any more. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#status = afterEnd(this.#status, undefined, undefined)
      this.#settleDoubt()
      this.#hold(undefined)
      this.#scope.abort(undefined)
      this.#scope.end()
      this.changes.close()
    }
    await this.#running.catch(() => {})
  }

  async #firstMessage(): Promise<void> {
    const { calls, options } = this.#parameters
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options
    const scope = new AbortScope(signal)
    const stopWaiting = calls.clock.schedule(() => scope.abort(this.#tooLate(timeoutMs)), timeoutMs)
    try {
      // Only for as long as this is waited for does a source keep the process alive.
      const first = this.next({ signal: scope.signal, persistent: true })
      await Promise.race([first, this.#running])
    } finally {
      stopWaiting()
      scope.end()
    }
  }

  async #run(): Promise<void> {
    const { calls, stream } = this.#parameters
    const observer = {
      onRefused: (error: WorkloadAPIError) => this.#onRefused(error),
      onEnded: (error: WorkloadAPIError | undefined, retryAt: Date) => this.#onEnded(error, retryAt),
      outlives: () => this.#started,
      doubts: (error: WorkloadAPIError) => this.#doubts(error),
    }
    try {
      for await (const update of calls.watch(stream, observer, this.#scope.signal)) this.#onMessage(update)
    } catch (error) {
      if (this.#closed) return
      if (!this.#started) throw error
      // The client that was shared is closed: nothing newer can come, so nothing is served.
      this.reporter.error(this.#error('ERR_SPIFFE_SOURCE_CLOSED', 'lost its client', error))
      void this.close()
    }
  }

  #onMessage({ value, skipped }: Update<T>): void {
    const { equals, describe, lifetimeOf } = this.#parameters
    const recovered = this.#status.lastError !== undefined
    const unchanged = this.#held !== undefined && equals(this.#held.value, value)
    this.#settleDoubt()
    this.#status = afterMessage(this.#now, skipped)
    if (!unchanged) {
      this.#hold({ value, lifetime: lifetimeOf?.(value) })
      this.changes.publish({ value })
    }
    if (!unchanged || recovered) this.reporter.update(describe(value))
    for (const error of skipped) this.reporter.error(error)
  }

  #onRefused(error: WorkloadAPIError): void {
    this.#status = afterRefusal(this.#status, error)
    this.reporter.error(error)
  }

  #onEnded(error: WorkloadAPIError | undefined, retryAt: Date): void {
    this.#status = afterEnd(this.#status, error, retryAt)
    if (error === undefined) return
    if (this.#doubts(error)) this.#beginDoubt()
    else if (isDenial(error) || this.#endDoubt !== undefined) this.#redact()
    this.reporter.error(error)
  }

  /** Workload API §5.2.1: what was redacted is not used any longer. */
  #redact(): void {
    this.#settleDoubt()
    if (this.#held === undefined || this.#parameters.options.redaction === 'keep') return
    this.#hold(undefined)
    this.changes.publish(undefined)
  }

  /** Whether this is a denial to be confirmed: the first one, where that is asked for. */
  #doubts(error: WorkloadAPIError): boolean {
    const { redaction } = this.#parameters.options
    return (
      redaction === 'confirm' && isDenial(error) && this.#held !== undefined && this.#endDoubt === undefined
    )
  }

  #beginDoubt(): void {
    this.#endDoubt = this.#parameters.calls.clock.schedule(() => this.#redact(), LONGEST_DOUBT_MS)
  }

  #settleDoubt(): void {
    this.#endDoubt?.()
    this.#endDoubt = undefined
  }

  #hold(held: Held<T> | undefined): void {
    this.#cancelExpiry?.()
    this.#held = held
    if (held?.lifetime) this.#awaitExpiry(held.lifetime)
  }

  #awaitExpiry(lifetime: Lifetime): void {
    const remainingMs = lifetime.expiresAt.getTime() - this.#now.getTime()
    this.#cancelExpiry = this.#parameters.calls.clock.schedule(
      () => {
        // Timers and the time of day can part.
        if (this.#state !== 'expired') return this.#awaitExpiry(lifetime)
        this.changes.publish(undefined)
        this.reporter.error(this.#expired())
      },
      Math.max(1, remainingMs),
    )
  }

  get #state(): SourceState {
    if (this.#closed) return 'closed'
    if (this.#held === undefined) return 'redacted'
    const { lifetime } = this.#held
    return lifetime && lifetime.expiresAt <= this.#now ? 'expired' : 'serving'
  }

  /** Whether there ever was a message: from then on there is something to lose. */
  get #started(): boolean {
    return this.#status.updatedAt !== undefined
  }

  get #now(): Date {
    return this.#parameters.calls.clock.now()
  }

  #tooLate(timeoutMs: number): WorkloadAPIError {
    const { lastError } = this.#status
    const last = lastError
      ? `; the last failure: ${lastError.message}`
      : '; whatever listens there does not answer'
    return this.#error('ERR_SPIFFE_SOURCE_TIMEOUT', `got nothing within ${timeoutMs} ms${last}`)
  }

  #expired(): WorkloadAPIError {
    return this.#error('ERR_SPIFFE_SOURCE_EXPIRED', 'holds an SVID that has expired and was not renewed')
  }

  #error(code: SourceErrorCode, what: string, cause: unknown = this.#status.lastError): WorkloadAPIError {
    const { source, calls } = this.#parameters
    const detail = `the ${source} at ${calls.endpoint.address} ${what}`
    return new WorkloadAPIError(code, detail, cause === undefined ? {} : { cause })
  }
}

function isDenial(error: WorkloadAPIError): boolean {
  return error.code === 'ERR_SPIFFE_WORKLOAD_API_PERMISSION_DENIED'
}

type SourceErrorCode = Extract<SpiffeErrorCode, `ERR_SPIFFE_SOURCE_${string}`>
