import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import {
  type Request,
  type Response,
  type StreamName,
  type UnaryName,
  wire,
} from '../../src/testing/workload-api/calls.ts'
import { decode, encode } from '../../src/workloadapi/wire/codec.ts'

/** The metadata that a Workload API asks for. */
export function header(...values: readonly string[]): Metadata {
  const metadata = new Metadata()
  for (const value of values) metadata.add('workload.spiffe.io', value)
  return metadata
}

const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes)

/** A gRPC client that knows nothing of our own: it sends what it is told and shows what comes. */
export class RawClient implements Disposable {
  readonly #client: Client

  constructor(address: string) {
    // A channel of its own each time, so that no connection outlives its test.
    this.#client = new Client(address.replace('unix://', 'unix:'), credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    })
  }

  call<Name extends UnaryName>(
    name: Name,
    request: Request<Name>,
    metadata = header('true'),
  ): Promise<Response<Name>> {
    return new Promise((resolve, reject) => {
      const bytes = encode(wire[name].request, request)
      this.#client.makeUnaryRequest(wire[name].path, asIs, asIs, bytes, metadata, (error, reply) => {
        if (error) reject(error)
        else resolve(decode(wire[name].response, reply ?? Buffer.alloc(0)))
      })
    })
  }

  open<Name extends StreamName>(name: Name, metadata = header('true')): Messages<Response<Name>> {
    return this.openPath(wire[name].path, (bytes) => decode(wire[name].response, bytes), metadata)
  }

  openPath<T>(path: string, read: (bytes: Buffer) => T, metadata = header('true')): Messages<T> {
    return new Messages(this.#client.makeServerStreamRequest(path, asIs, read, Buffer.alloc(0), metadata))
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}

/** The messages of a stream, one after the other, and the status that it ends with. */
export class Messages<T> {
  readonly #stream: ClientReadableStream<T>
  readonly #messages: AsyncIterator<T>
  readonly #status: Promise<{ code: status; details: string }>

  constructor(stream: ClientReadableStream<T>) {
    this.#stream = stream
    this.#messages = stream[Symbol.asyncIterator]()
    this.#status = new Promise((resolve) => stream.once('status', resolve))
    stream.on('error', () => undefined)
  }

  /** The next message. */
  async next(): Promise<T> {
    const { value, done } = await this.#messages.next()
    if (done === true) throw new Error('the stream has ended')
    return value
  }

  /** The code and the text that the stream ends with; messages before that are passed over. */
  async end(): Promise<{ code: string; details: string }> {
    const isOver = (): Promise<boolean> =>
      this.#messages.next().then(
        ({ done }) => done === true,
        () => true,
      )
    while (!(await isOver()));
    const { code, details } = await this.#status
    return { code: status[code], details }
  }

  cancel(): void {
    this.#stream.cancel()
  }
}

/** The code and the text that a call was refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; details: string }> {
  const error: ServiceError = await call.then(
    () => Promise.reject(new Error('the call was answered')),
    (reason) => reason,
  )
  return { code: status[error.code], details: error.details }
}

/** Kept when it holds, asked again each time the event loop has turned. For what no event announces. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
