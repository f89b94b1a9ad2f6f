/**
 * The span of one piece of work, with a signal that ends it: by the caller's signal, or by us.
 *
 * It lets go of the caller's signal at its end, however long that lives.
 */
export class AbortScope {
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal | undefined
  readonly #onParentAbort = (): void => this.abort(this.#parent?.reason)

  readonly #onEnd: (() => void) | undefined

  /**
   * @param parent - The caller's signal.
   * @param onEnd - Called when the work is over.
   */
  constructor(parent: AbortSignal | undefined, onEnd?: () => void) {
    this.#parent = parent
    this.#onEnd = onEnd
    if (parent?.aborted) this.#onParentAbort()
    else parent?.addEventListener('abort', this.#onParentAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends the work; what waits for it throws the reason. */
  abort(reason: unknown): void {
    this.#controller.abort(reason)
  }

  /** The work is over. */
  end(): void {
    this.#parent?.removeEventListener('abort', this.#onParentAbort)
    this.#onEnd?.()
  }
}

/** Runs the callback when the signal aborts, until the returned function is called. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  signal.addEventListener('abort', callback, { once: true })
  return () => signal.removeEventListener('abort', callback)
}
