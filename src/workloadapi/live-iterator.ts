import { AbortScope } from './abort-scope.ts'
import { holdProcess } from './wait.ts'

/** What an iteration is made of. */
export interface LiveIteratorParameters<T> {
  /** Gives the values, until the signal aborts or there will be no more. */
  start(signal: AbortSignal): AsyncIterator<T, void, void>
  /** Begins the span of the iteration; by default it ends with the consumer's signal alone. */
  begin?(signal: AbortSignal | undefined): AbortScope
  /** The consumer's signal: the iteration then throws its reason. */
  readonly signal: AbortSignal | undefined
  /** Whether the process stays alive while the consumer waits. */
  readonly persistent: boolean
}

/**
 * An iteration over what is still to come.
 *
 * Nothing begins before the first `next()`. `break` and a throw in the loop, an abort, and our own end of the
 * span each end it at once, also while somebody waits, which an async generator alone cannot do. Our own end
 * is the end of the loop and no error.
 */
export class LiveIterator<T> implements AsyncIterableIterator<T> {
  readonly #parameters: LiveIteratorParameters<T>
  #scope: AbortScope | undefined
  #values: AsyncIterator<T, void, void> | undefined
  #done = false

  constructor(parameters: LiveIteratorParameters<T>) {
    this.#parameters = parameters
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const { signal, persistent } = this.#parameters
    const release = persistent ? holdProcess() : undefined
    try {
      const result = this.#done ? undefined : await this.#open().next()
      if (result && !result.done) return result
    } catch (error) {
      const endedByUs = this.#scope?.signal.aborted && !signal?.aborted
      if (!endedByUs) {
        this.#end()
        throw error
      }
    } finally {
      release?.()
    }
    this.#end()
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#done = true
    this.#scope?.abort(undefined)
    await this.#values?.return?.()
    this.#end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #open(): AsyncIterator<T, void, void> {
    const { start, signal, begin = (parent) => new AbortScope(parent) } = this.#parameters
    this.#scope ??= begin(signal)
    this.#values ??= start(this.#scope.signal)
    return this.#values
  }

  #end(): void {
    this.#done = true
    this.#scope?.end()
  }
}
