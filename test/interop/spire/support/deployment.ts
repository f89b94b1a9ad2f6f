import path from 'node:path'
import { bundleProgram } from '../../support/bundle-program.ts'
import { describeUnlessMissing } from '../../support/describe-unless-missing.ts'
import { JSONProcess } from '../../support/json-process.ts'
import type { Keeper } from '../../support/keeper.ts'
import type {
  Call,
  Command,
  FlowTarget,
  Identity,
  Serve,
  WorkloadConfig,
  WorkloadEvent,
} from '../workload/protocol.ts'
import { SpireAgent } from './agent.ts'
import { buildSpire } from './build.ts'
import type { ServerSettings } from './configuration.ts'
import { missingForSpire } from './missing.ts'
import { SpireServer } from './server.ts'

/** A suite with a real SPIRE: it needs Go to build it, and root to start workloads as users of their own. */
export function describeWithSpire(name: string, suite: () => void): void {
  describeUnlessMissing(missingForSpire, name, suite)
}

/** Users that exist only as numbers: SPIRE tells workloads apart by them. */
export const uids = { orders: 61_001, checkout: 61_002, stranger: 61_003, partner: 61_004 } as const

/** A server, its agent, and workloads on the agent's machine. */
export class Deployment {
  readonly server: SpireServer
  readonly agent: SpireAgent
  readonly #keeper: Keeper
  readonly #program: string

  private constructor(keeper: Keeper, program: string, server: SpireServer, agent: SpireAgent) {
    this.#keeper = keeper
    this.#program = program
    this.server = server
    this.agent = agent
  }

  static async start(keeper: Keeper, settings: ServerSettings): Promise<Deployment> {
    const binaries = await buildSpire(keeper)
    const program = await bundleProgram(keeper, path.join(import.meta.dirname, '..', 'workload', 'main.ts'))
    const server = await SpireServer.start(keeper, binaries, settings)
    const agent = await SpireAgent.start(keeper, binaries, server)
    return new Deployment(keeper, program, server, agent)
  }

  /** Starts a workload with our library as a user. */
  workload(uid: number, options: Partial<Omit<WorkloadConfig, 'address'>> = {}): WorkloadProcess {
    const config: WorkloadConfig = { address: this.agent.address, timeoutMs: 30_000, ...options }
    const command = [process.execPath, [this.#program]] as const
    return new WorkloadProcess(this.#keeper, ...command, { uid, gid: uid, cwd: '/', env: {}, config })
  }
}

/** A running workload and what can be asked of it. */
export class WorkloadProcess extends JSONProcess<WorkloadEvent> {
  override send(command: Command | WorkloadConfig): void {
    super.send(command)
  }

  /** Has it serve, and gives the port. */
  async serve(admit: readonly string[], audience: string, options: Pick<Serve, 'as'> = {}): Promise<number> {
    this.send({ do: 'serve', admit, audience, ...options })
    return (await this.next('listening')).port
  }

  /** Has it make one request on a new connection. */
  async call(request: Omit<Call, 'do'>) {
    this.send({ do: 'call', ...request })
    return this.next('called')
  }

  /** Has it fetch a token, and gives it. */
  async token(audience: string): Promise<string> {
    this.send({ do: 'token', audience })
    const { token, error } = await this.next('token')
    if (token === undefined) throw new Error(`no token was issued: ${error?.message}`)
    return token
  }

  /** Has it keep its identity and trust of now, and gives the identity. */
  async remember(): Promise<Identity> {
    this.send({ do: 'remember' })
    return (await this.next('remembered')).identity
  }

  /** Its default identity, as far as it told. */
  get identity(): Identity | undefined {
    return this.all('update').at(-1)?.identities[0]
  }

  /** The X.509 authorities of a trust domain that it trusts, by their key identifiers, as far as it told. */
  trusted(trustDomain: string): readonly string[] {
    return this.all('update').at(-1)?.authorities[trustDomain] ?? []
  }

  async startFlow(target: FlowTarget): Promise<void> {
    this.send({ do: 'startFlow', ...target })
    await this.next('flowing')
  }

  /** What became of the flow of requests so far. */
  async countFlow() {
    this.send({ do: 'countFlow' })
    return this.next('counted')
  }

  /** Ends the flow of requests, and says what became of them. */
  async stopFlow() {
    this.send({ do: 'stopFlow' })
    return this.next('flowed')
  }

  /** Has it judge a token: the agent, and our own validator. */
  async validate(token: string, audience: string) {
    this.send({ do: 'validate', token, audience })
    return this.next('validated')
  }

  async health() {
    this.send({ do: 'health' })
    return this.next('health')
  }
}
