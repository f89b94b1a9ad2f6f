import { Metadata } from '@grpc/grpc-js'
import { Connection } from './connection.ts'
import type { Endpoint } from './endpoint.ts'
import type { WorkloadAPIError } from './error.ts'
import { statusError } from './status.ts'
import { decode, encode } from './wire/codec.ts'
import { type Call, securityHeader } from './wire/workload-api.ts'

/**
 * Makes the calls of the Workload API over gRPC, one connection for all of them.
 *
 * This file and what it imports are loaded when the first call is made: they cost what a process that never
 * makes one need not pay.
 */
export class Transport {
  readonly #endpoint: Endpoint
  readonly #keepaliveMs: number
  #connection: Connection | undefined

  constructor(endpoint: Endpoint, keepaliveMs: number) {
    this.#endpoint = endpoint
    this.#keepaliveMs = keepaliveMs
  }

  /**
   * Makes a call and gives its answers as they come: one, or as many as the other side sends. Each is handed over
   * unread: reading one may throw, and the call goes on.
   */
  async *answers<Request, Response>(
    { path, request, response }: Call<Request, Response>,
    content: Request,
    signal: AbortSignal,
  ): AsyncGenerator<() => Response, void, void> {
    const connection = await this.#connect(signal)
    let end = (): void => {}
    try {
      // A call with one answer is, on the wire, a stream that ends after its first message.
      const call = connection.client.makeServerStreamRequest(
        path,
        toBuffer,
        asItCame,
        encode(request, content),
        securityMetadata(),
      )
      // Leaving a loop does not end a call, and the status of one that nobody reads comes as an error event.
      end = () => call.cancel()
      call.on('error', () => {})
      signal.addEventListener('abort', end)
      for await (const bytes of call) yield () => decode(response, bytes)
    } catch (error) {
      signal.throwIfAborted()
      throw this.#failure(error, path, connection)
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  /** Has the next call open a new connection: this one may be dead without anybody having been told. */
  reconnect(): void {
    if (this.#connection !== undefined) this.#abandon(this.#connection)
  }

  /** Ends the connection, and with it the calls that are under way. */
  async close(): Promise<void> {
    await this.#connection?.close()
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    this.#connection ??= new Connection(this.#endpoint.target, this.#keepaliveMs)
    const connection = this.#connection
    try {
      await connection.settled(signal)
      signal.throwIfAborted()
      return connection
    } catch (reason) {
      // gRPC knows no end of waiting for a socket that is accepted and then silent.
      if (!connection.isReady) this.#abandon(connection)
      throw reason
    }
  }

  #failure(error: unknown, path: string, connection: Connection): WorkloadAPIError {
    // gRPC has pauses of its own between attempts to connect, which would come on top of ours.
    if (!connection.isReady) this.#abandon(connection)
    return statusError(error, this.#endpoint.address, path)
  }

  #abandon(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined
    void connection.close()
  }
}

/** The mandatory header, alone: callers have no say in the metadata of a call. */
function securityMetadata(): Metadata {
  const metadata = new Metadata()
  metadata.set(securityHeader.name, securityHeader.value)
  return metadata
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// gRPC ends a call whose answer does not parse; ours has to go on.
function asItCame(bytes: Buffer): Buffer {
  return bytes
}
