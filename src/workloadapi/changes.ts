import { onAbort } from './abort-scope.ts'
import { callListener } from './listener.ts'
import { LiveIterator } from './live-iterator.ts'
import type { UpdateOptions } from './source-options.ts'

/**
 * Tells any number of consumers what a source holds: the newest alone. Who is slow misses what was replaced in
 * the meantime, and nothing piles up.
 */
export class Changes<T> {
  readonly #listeners = new Set<{ readonly listener: () => void }>()
  readonly #waiting = new Set<() => void>()
  #newest: { readonly value: T } | undefined
  #closed = false

  /** A value took the place of the one before; `undefined` where there is none any more. */
  publish(newest: { readonly value: T } | undefined): void {
    this.#newest = newest
    this.#wake()
    for (const entry of [...this.#listeners]) {
      // One that ended its subscription, or the source, has ended it for those after it, too.
      if (this.#listeners.has(entry)) callListener(entry.listener)
    }
  }

  /** Nothing will change any more: iterations end. */
  close(): void {
    this.#closed = true
    this.#newest = undefined
    this.#wake()
    this.#listeners.clear()
  }

  /** Calls the listener after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('a listener is a function')
    const entry = { listener }
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  /** What is held now, where anything is, and then whatever comes. */
  updates(options: UpdateOptions): AsyncIterableIterator<T> {
    return this.#after(undefined, options)
  }

  /** Whatever comes from now on; what is held now does not count. */
  after(options: UpdateOptions): AsyncIterableIterator<T> {
    return this.#after(this.#newest, options)
  }

  #after(
    seen: { readonly value: T } | undefined,
    { signal, persistent = false }: UpdateOptions,
  ): AsyncIterableIterator<T> {
    return new LiveIterator({ start: (attempt) => this.#iterate(seen, attempt), signal, persistent })
  }

  async *#iterate(
    seen: { readonly value: T } | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<T, void, void> {
    let newest = seen
    while (!this.#closed) {
      if (this.#newest === undefined || this.#newest === newest) {
        await this.#change(signal)
      } else {
        newest = this.#newest
        yield newest.value
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const wake = (): void => {
        off()
        resolve()
      }
      const off = onAbort(signal, () => {
        this.#waiting.delete(wake)
        reject(signal.reason)
      })
      this.#waiting.add(wake)
    })
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
