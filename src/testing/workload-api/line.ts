import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Clock } from '../../workloadapi/clock.ts'

/** What can be wrong with a connection itself. */
export interface LineFault {
  /** Nothing passes, in either direction, while the connection stays open. */
  readonly hold?: boolean
  /** So many bytes pass to the workload at a time, with a pause after each. */
  readonly drip?: { readonly bytes: number; readonly everyMs: number }
  /** What the workload gets before anything else. */
  readonly noise?: Uint8Array
}

/**
 * A connection as the gRPC server sees it: the accepted socket, and between the two whatever fault there is.
 */
export class Line extends Duplex {
  readonly #socket: Socket
  readonly #clock: Clock
  #fault: LineFault = {}
  #waiting: { bytes: Uint8Array; sent: (error?: Error | null) => void } | undefined
  #cancelDrop: (() => void) | undefined

  constructor(socket: Socket, clock: Clock) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#clock = clock
    socket.pause()
    socket.on('data', (bytes) => {
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
    // A connection that breaks is no event of its own here: the streams on it end.
    this.on('error', () => undefined)
  }

  /** Puts another fault on the line, or none. What the old one held back passes now. */
  set fault(fault: LineFault) {
    this.#fault = fault
    this.#cancelDrop?.()
    this.#cancelDrop = undefined
    if (fault.hold === true) this.#socket.pause()
    else this.#socket.resume()
    this.#pass()
  }

  /** Writes to the workload what the server has not said. */
  disturb(noise: Uint8Array): void {
    this.#socket.write(noise)
  }

  override _read(): void {
    if (this.#fault.hold !== true) this.#socket.resume()
  }

  override _write(bytes: Uint8Array, _encoding: string, sent: (error?: Error | null) => void): void {
    this.#waiting = { bytes, sent }
    this.#pass()
  }

  override _final(sent: (error?: Error | null) => void): void {
    this.#socket.end(sent)
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#cancelDrop?.()
    this.#socket.destroy()
    destroyed(error)
  }

  // One write waits at a time: the stream brings the next when this one was sent.
  #pass(): void {
    const { hold, drip } = this.#fault
    if (this.#waiting === undefined || hold === true || this.#cancelDrop !== undefined) return
    const { bytes, sent } = this.#waiting
    const size = drip?.bytes ?? bytes.length
    if (size < bytes.length) {
      this.#waiting = { bytes: bytes.subarray(size), sent }
      this.#socket.write(bytes.subarray(0, size))
    } else {
      this.#waiting = undefined
      this.#socket.write(bytes, sent)
    }
    if (drip !== undefined) this.#cancelDrop = this.#clock.schedule(() => this.#nextDrop(), drip.everyMs)
  }

  #nextDrop(): void {
    this.#cancelDrop = undefined
    this.#pass()
  }
}
