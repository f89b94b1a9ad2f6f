import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Metadata, Server, ServerCredentials, type ServerWritableStream, status } from '@grpc/grpc-js'
import { decode, encode } from '../../src/workloadapi/wire/codec.ts'
import type { Message } from '../../src/workloadapi/wire/message.ts'
import { type Content, calls } from '../../src/workloadapi/wire/workload-api.ts'

type Calls = typeof calls
export type CallName = keyof Calls
type Request<N extends CallName> = Content<Calls[N]['request']>
type Response<N extends CallName> = Content<Calls[N]['response']>

/** One call that came in, for a script to answer. */
export interface Incoming<N extends CallName> {
  readonly request: Request<N>
  readonly metadata: Metadata
  /** How many calls of this name came before it. */
  readonly attempt: number
  send(message: Response<N>): void
  /** Sends bytes that need not be a message. */
  sendBytes(bytes: Uint8Array): void
  /** Ends the call in order. */
  end(): void
  fail(code: status, details?: string): void
  /** Resolves when the call is over, whoever ended it. */
  readonly over: Promise<void>
  readonly cancelled: boolean
}

export type Script<N extends CallName> = (incoming: Incoming<N>) => void

/**
 * A Workload API on a real unix socket (or TCP port) that does what each script says, however wrong. A call
 * without a script is answered with `PERMISSION_DENIED`.
 */
export class FakeWorkloadAPI {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-wla-'))
  readonly #scripts = new Map<CallName, Script<never>>()
  readonly #attempts = new Map<CallName, number>()
  readonly #listeners = new Set<() => void>()
  #server: Server | undefined
  #open = 0
  #port = 0
  readonly path = join(this.#folder, 'agent.sock')

  static async start(options: { readonly tcp?: boolean } = {}): Promise<FakeWorkloadAPI> {
    const api = new FakeWorkloadAPI()
    await api.listen(options)
    return api
  }

  /** An address at which nobody listens yet. */
  static unstarted(): FakeWorkloadAPI {
    return new FakeWorkloadAPI()
  }

  get address(): string {
    return this.#port === 0 ? `unix://${this.path}` : `tcp://127.0.0.1:${this.#port}`
  }

  /** How many calls are open now. */
  get openCalls(): number {
    return this.#open
  }

  /** How many calls of a name came in. */
  attempts(name: CallName): number {
    return this.#attempts.get(name) ?? 0
  }

  /** Says how calls of a name are answered from now on. */
  on<N extends CallName>(name: N, script: Script<N>): void {
    this.#scripts.set(name, script)
  }

  /** How calls of a name are answered. */
  scriptOf<N extends CallName>(name: N): Script<N> | undefined {
    return this.#scripts.get(name) as Script<N> | undefined
  }

  /** Resolves when the condition holds; it is looked at whenever a call begins or ends. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#listeners.add(resolve))
  }

  async listen({ tcp = false }: { readonly tcp?: boolean } = {}): Promise<void> {
    const server = new Server()
    for (const name of Object.keys(calls) as CallName[]) this.#serve(server, name)
    const target = tcp ? '127.0.0.1:0' : `unix:${this.path}`
    this.#server = server
    this.#port = await new Promise((resolve, reject) => {
      server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(tcp ? port : 0),
      )
    })
  }

  /** Stops listening and drops every connection; `listen` starts again. */
  stop(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
  }

  /** Stops for good. */
  close(): void {
    this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #serve<N extends CallName>(server: Server, name: N): void {
    const { path } = calls[name]
    const definition = {
      path,
      requestStream: false,
      responseStream: true,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    }
    // On the wire a call with one answer is a stream that ends after it: so one can also end without any.
    const handler = (call: ServerWritableStream<Buffer, Buffer>): void => {
      call.on('error', () => {})
      this.#run(name, call)
    }
    server.addService({ [name]: definition }, { [name]: handler })
  }

  #run<N extends CallName>(name: N, call: ServerWritableStream<Buffer, Buffer>): void {
    const attempt = this.attempts(name)
    this.#attempts.set(name, attempt + 1)
    this.#open += 1
    let isOver = false
    let settle: () => void = () => {}
    const over = new Promise<void>((resolve) => {
      settle = resolve
    })
    const finish = (): void => {
      if (isOver) return
      isOver = true
      this.#open -= 1
      settle()
      this.#notify()
    }
    call.once('cancelled', finish)
    const { request, response, streams } = calls[name]
    const end = (): void => {
      call.end()
      finish()
    }
    const sendBytes = (bytes: Uint8Array): void => {
      call.write(Buffer.from(bytes))
      if (!streams) end()
    }
    const incoming: Incoming<N> = {
      request: decode(request as Message<Request<N>>, call.request),
      metadata: call.metadata,
      attempt,
      over,
      get cancelled() {
        return call.cancelled
      },
      send: (message) => sendBytes(encode(response as Message<Response<N>>, message)),
      sendBytes,
      end,
      fail: (code, details = 'scripted') => {
        call.emit('error', { code, details })
        finish()
      },
    }
    const script = this.scriptOf(name)
    if (script) script(incoming)
    else incoming.fail(status.PERMISSION_DENIED, 'no identity issued')
    this.#notify()
  }

  #notify(): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes
}
