import type { Socket } from 'node:net'
import { ChannelCredentials, type ChannelOptions, Client, connectivityState } from '@grpc/grpc-js'
import { onAbort } from './abort-scope.ts'

const { READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState
const LARGEST_MESSAGE = 64 * 1024 * 1024
const LONGEST_PING_MS = 20_000

const channelOptions: ChannelOptions = {
  // The endpoint is on this machine: a proxy between would hand our keys to it.
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': LARGEST_MESSAGE,
  // A connection of ours is never shared with other users of gRPC in this process.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  // Trying again is decided in one place: watch.ts.
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
}

/** One channel to a Workload API, and the sockets under it. */
export class Connection {
  readonly client: Client
  readonly #sockets = new Set<Socket>()
  #closed = false

  constructor(target: string, keepaliveMs: number) {
    this.client = new Client(
      target,
      localCredentials((socket) => this.#adopt(socket)),
      {
        ...channelOptions,
        // A frozen agent says nothing and closes nothing; only a ping that stays unanswered tells.
        'grpc.keepalive_time_ms': keepaliveMs,
        'grpc.keepalive_timeout_ms': Math.min(keepaliveMs, LONGEST_PING_MS),
      },
    )
  }

  /** Whether the connection is up, as far as anybody can tell. */
  get isReady(): boolean {
    return this.client.getChannel().getConnectivityState(false) === READY
  }

  /** Waits until a call would go out, or fail at once and say why. */
  settled(signal: AbortSignal): Promise<void> {
    const channel = this.client.getChannel()
    return new Promise((resolve, reject) => {
      const off = onAbort(signal, () => reject(signal.reason))
      // Until then no call may start: gRPC keeps the process alive for one that waits for its connection.
      const check = (): void => {
        const state = channel.getConnectivityState(true)
        if (signal.aborted) return
        if (state !== READY && state !== TRANSIENT_FAILURE && state !== SHUTDOWN) {
          channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, check)
          return
        }
        off()
        resolve()
      }
      check()
    })
  }

  /** Closes the channel and its sockets, whether or not the other side still answers. */
  async close(): Promise<void> {
    this.#closed = true
    this.client.close()
    const closing = [...this.#sockets].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(closing)
  }

  #adopt(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // A stream that waits for the next update must not keep a process alive that is done, and gRPC refs the
    // socket with each call. Who waits for an answer holds the process himself.
    socket.unref()
    socket.ref = () => socket
    if (this.#closed) socket.destroy()
  }
}

/** No TLS and no credentials (Workload Endpoint §3.1), and each socket shown to us before gRPC has it. */
function localCredentials(onSocket: (socket: Socket) => void): ChannelCredentials {
  const credentials = ChannelCredentials.createInsecure()
  const createConnector = credentials._createSecureConnector.bind(credentials)
  credentials._createSecureConnector = (...parameters) => {
    const connector = createConnector(...parameters)
    return {
      ...connector,
      connect: (socket) => {
        onSocket(socket)
        return connector.connect(socket)
      },
    }
  }
  return credentials
}
