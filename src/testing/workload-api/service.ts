import {
  type MethodDefinition,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { decode, encode } from '../../workloadapi/wire/codec.ts'
import {
  type AgentView,
  checkSecurityHeader,
  refusals,
  repeatsItself,
  streamAnswers,
  unaryAnswers,
} from './agent-rules.ts'
import {
  type CallName,
  callNames,
  isStreamName,
  type Response,
  type StreamName,
  type UnaryName,
  unanswered,
  wire,
} from './calls.ts'
import type { FaultSet } from './fault.ts'
import { OpenStream } from './open-stream.ts'
import { statusOf } from './refusal.ts'

/** The agent as its service sees it. */
export interface Agent {
  readonly faults: FaultSet
  /** What there is to say now. */
  view(): AgentView
  /** Kept once the entries that were made before have their SVIDs. */
  settled(): Promise<unknown>
  /** Kept once no entry lacks its SVID: until then an agent holds streams that are opened. */
  issued(): Promise<void>
  /** Told of each call that comes in. */
  called(call: CallName): void
}

type Stream = ServerWritableStream<Uint8Array, Uint8Array>
type Call = ServerUnaryCall<Uint8Array, Uint8Array>
type Reply = sendUnaryData<Uint8Array>

/** The Workload API of one workload, as a gRPC service: what goes over the wire, with the faults applied. */
export class WorkloadAPIService {
  /** The server that it answers on. */
  readonly server: Server
  readonly #agent: Agent
  readonly #open = new Set<OpenStream>()

  constructor(agent: Agent) {
    this.#agent = agent
    this.server = new Server({ 'grpc.enable_channelz': 0 })
    this.server.addService(definition, this.#implementation())
  }

  /** How many streams are open. */
  get openStreams(): number {
    return this.#open.size
  }

  /** Brings every open stream up to date, or ends those that are refused it. */
  send(): void {
    for (const stream of this.#open) stream.send()
  }

  #implementation(): UntypedServiceImplementation {
    const answered = callNames.map((name) => [
      name,
      isStreamName(name)
        ? (stream: Stream) => this.#stream(name, stream)
        : (call: Call, reply: Reply) => this.#unary(name, call, reply),
    ])
    return Object.fromEntries([
      ...answered,
      ...[...unanswered].map(([path, what]) => [path, (stream: Stream) => refuseWIT(stream, what)]),
    ])
  }

  async #unary<Name extends UnaryName>(name: Name, call: Call, reply: Reply): Promise<void> {
    try {
      await this.#admit(name, call)
      const request = decode(wire[name].request, call.request)
      const answer = await unaryAnswers[name](this.#agent.view(), request)
      reply(null, this.#encode(name, answer))
    } catch (error) {
      reply(statusOf(error))
    }
  }

  async #stream<Name extends StreamName>(name: Name, stream: Stream): Promise<void> {
    try {
      await this.#admit(name, stream)
      await this.#agent.issued()
    } catch (error) {
      stream.emit('error', statusOf(error))
      return
    }
    // Its workload did not wait.
    if (stream.destroyed) return
    const open = new OpenStream(stream, repeatsItself[name], () => {
      this.#checkFaults(name)
      return this.#encode(name, streamAnswers[name](this.#agent.view()))
    })
    this.#open.add(open)
    stream.once('close', () => this.#open.delete(open))
    open.send()
  }

  async #admit(name: CallName, call: Stream | Call): Promise<void> {
    this.#agent.called(name)
    checkSecurityHeader(call.metadata)
    this.#checkFaults(name)
    await this.#agent.settled()
  }

  #checkFaults(name: CallName): void {
    const refusal = this.#agent.faults.refusal(name)
    if (refusal !== undefined) throw refusal
  }

  #encode<Name extends CallName>(name: Name, answer: Response<Name>): Uint8Array {
    const { faults } = this.#agent
    return faults.corrupt(name, encode(wire[name].response, faults.alter(name, answer)))
  }
}

function refuseWIT(stream: Stream, what: string): void {
  try {
    checkSecurityHeader(stream.metadata)
    throw refusals.noWIT(what)
  } catch (error) {
    stream.emit('error', statusOf(error))
  }
}

// Messages are encoded here and not by gRPC, so that faults can get at their bytes.
const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const method = (path: string, responseStream: boolean): MethodDefinition<Uint8Array, Uint8Array> => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
})

const definition: ServiceDefinition = Object.fromEntries([
  ...callNames.map((name) => [name, method(wire[name].path, wire[name].streams)] as const),
  ...[...unanswered.keys()].map((path) => [path, method(path, true)] as const),
])
