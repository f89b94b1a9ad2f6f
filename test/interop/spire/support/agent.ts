import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Keeper } from '../../support/keeper.ts'
import { agentConfiguration } from './configuration.ts'
import { Daemon } from './daemon.ts'
import type { SpireServer } from './server.ts'

/** A SPIRE agent: the Workload API of one machine. */
export class SpireAgent {
  /** Its Workload API, as `SPIFFE_ENDPOINT_SOCKET` takes it. */
  readonly address: string
  readonly #daemon: Daemon
  readonly #configuration: string

  private constructor(keeper: Keeper, binaries: string, server: SpireServer) {
    const folder = keeper.folder()
    const socket = path.join(folder, 'agent.sock')
    this.address = `unix://${socket}`
    this.#configuration = path.join(folder, 'agent.conf')
    this.#daemon = new Daemon(keeper, path.join(binaries, 'spire-agent'), socket)
    writeFileSync(this.#configuration, agentConfiguration(server.trustDomain, { folder, port: server.port }))
  }

  /** Starts an agent and has the server attest it. */
  static async start(keeper: Keeper, binaries: string, server: SpireServer): Promise<SpireAgent> {
    const agent = new SpireAgent(keeper, binaries, server)
    await agent.#daemon.start(['-config', agent.#configuration, '-joinToken', await server.joinToken()])
    return agent
  }

  /** Starts it again: its keys are on disk, so it is still attested. */
  restart(): Promise<void> {
    return this.#daemon.start(['-config', this.#configuration])
  }

  stop(): Promise<void> {
    return this.#daemon.stop()
  }

  kill(): Promise<void> {
    return this.#daemon.kill()
  }

  freeze(): void {
    this.#daemon.freeze()
  }

  thaw(): void {
    this.#daemon.thaw()
  }
}
