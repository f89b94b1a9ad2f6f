import type { ServerWritableStream } from '@grpc/grpc-js'
import { statusOf } from './refusal.ts'

/** A stream that a workload holds open: it is sent the whole state, first at once, then on each change. */
export class OpenStream {
  readonly #stream: ServerWritableStream<Uint8Array, Uint8Array>
  readonly #repeatsItself: boolean
  readonly #compose: () => Uint8Array
  #last: Uint8Array | undefined

  constructor(
    stream: ServerWritableStream<Uint8Array, Uint8Array>,
    repeatsItself: boolean,
    compose: () => Uint8Array,
  ) {
    this.#stream = stream
    this.#repeatsItself = repeatsItself
    this.#compose = compose
  }

  /** Sends what there is to say now, or ends the stream with the reason why there is nothing. */
  send(): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) return
    try {
      const message = this.#compose()
      if (!this.#repeatsItself && this.#last !== undefined && Buffer.compare(this.#last, message) === 0)
        return
      this.#last = message
      this.#stream.write(message)
    } catch (error) {
      this.#stream.emit('error', statusOf(error))
    }
  }
}
