import { renameSync, rmSync } from 'node:fs'
import { createServer, type Server as SocketServer } from 'node:net'
import { type ConnectionInjector, type Server, ServerCredentials } from '@grpc/grpc-js'
import type { Clock } from '../../workloadapi/clock.ts'
import type { FaultEffects } from './fault.ts'
import { Line, type LineFault } from './line.ts'

/** A unix socket that leads to a gRPC server, with whatever is wrong in between. */
export class WorkloadSocket {
  readonly #path: string
  readonly #clock: Clock
  readonly #injector: ConnectionInjector
  readonly #lines = new Set<Line>()
  #listening: SocketServer | undefined
  #state: FaultEffects['socket']
  #lineFault: LineFault = {}
  #isClosed = false

  /**
   * Listens at once: the socket is there when this returns.
   *
   * @param path - Of the socket; nothing is there yet.
   */
  constructor(path: string, server: Server, clock: Clock) {
    this.#path = path
    this.#clock = clock
    // TLS must not be asked for (Workload Endpoint §3.1).
    this.#injector = server.createConnectionInjector(ServerCredentials.createInsecure())
    this.#listen()
  }

  get path(): string {
    return this.#path
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#lines.size
  }

  /** Takes the socket away, or brings it back. */
  set state(state: FaultEffects['socket']) {
    if (state === this.#state || this.#isClosed) return
    this.#state = state
    this.#stop()
    if (state === undefined) this.#listen()
    if (state === 'deaf') this.#leaveFile()
  }

  /** Puts a fault on every connection, those that are open and those that come. */
  set lineFault(fault: LineFault) {
    this.#lineFault = fault
    for (const line of this.#lines) line.fault = fault
  }

  /** Writes to every workload what the server has not said. */
  disturb(noise: Uint8Array): void {
    for (const line of this.#lines) line.disturb(noise)
  }

  /** Announces the end of every connection: what runs may end, nothing new begins. */
  goAway(): void {
    this.#injector.drain(NEVER_MS)
  }

  /** Breaks every connection. */
  reset(): void {
    for (const line of this.#lines) line.destroy()
  }

  /** Ends everything and removes the file. */
  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  #listen(): void {
    this.#listening = createServer((socket) => {
      const line = new Line(socket, this.#clock)
      this.#lines.add(line)
      line.once('close', () => this.#lines.delete(line))
      line.fault = this.#lineFault
      if (this.#lineFault.noise !== undefined) line.disturb(this.#lineFault.noise)
      this.#injector.injectConnection(line)
    }).listen(this.#path)
  }

  #stop(): void {
    this.#listening?.close()
    this.#listening = undefined
    this.reset()
    rmSync(this.#path, { force: true })
  }

  // A listener removes its file when it closes; one that was moved away stays.
  #leaveFile(): void {
    const elsewhere = `${this.#path}.deaf`
    const listener = createServer().listen(elsewhere)
    renameSync(elsewhere, this.#path)
    listener.close()
  }
}

// Longer than any test: what is open when the end is announced goes on until it ends by itself.
const NEVER_MS = 2 ** 31 - 1
