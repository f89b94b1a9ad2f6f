import { type ClientReadableStream, Metadata } from '@grpc/grpc-js'
import { onAbort } from './abort-scope.ts'
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
    try {
      // A call with one answer is, on the wire, a stream that ends after its first message.
      const call = connection.client.makeServerStreamRequest(
        path,
        toBuffer,
        asItCame,
        encode(request, content),
        securityMetadata(),
      )
      for await (const bytes of messagesOf(call, signal)) yield () => decode(response, bytes)
    } catch (error) {
      signal.throwIfAborted()
      throw this.#failure(error, path, connection)
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
    signal.throwIfAborted()
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

/** The messages of a call, which is over when nobody reads them any more, or when the signal aborts. */
async function* messagesOf(
  call: ClientReadableStream<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const off = onAbort(signal, () => call.cancel())
  try {
    yield* call
  } finally {
    off()
    // Leaving the loop does not end a call; and the status of one that nobody reads is an error without a listener.
    call.on('error', () => {})
    call.cancel()
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
