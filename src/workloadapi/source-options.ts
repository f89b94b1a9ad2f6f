import type { SpiffeError } from '../errors.ts'
import type { WorkloadAPIClient } from './client.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

/** Options that all sources have. */
export interface SourceOptions {
  /**
   * Where the Workload API listens, such as `unix:///run/spire/agent.sock`.
   *
   * @default the value of SPIFFE_ENDPOINT_SOCKET
   */
  readonly address?: string | undefined
  /** A client to share; the source does not close it. @default a client of its own */
  readonly client?: WorkloadAPIClient | undefined
  /** How long `create()` waits for the first message, in milliseconds. @default 30000 */
  readonly timeoutMs?: number | undefined
  /** Ends the wait of `create()`, which then throws the signal's reason. It has no say afterwards. */
  readonly signal?: AbortSignal | undefined
  /**
   * What to do when the agent denies what it had given, and by that withdraws it (Workload API §5.2.1):
   *
   * - `stop`: serve nothing from then on, until there is an identity again. This fails closed.
   * - `confirm`: ask once more, at once, and stop when that is denied too, fails, or has no answer within 10 s.
   *   An agent of SPIRE denies for a moment when the authority of its SVIDs was tainted and their successors
   *   are not there yet; who asks again waits for these.
   * - `keep`: serve the last of it until it expires.
   *
   * @default 'stop'
   */
  readonly redaction?: 'stop' | 'confirm' | 'keep' | undefined
  /** Called with every failure that the source outlives. */
  readonly onError?: ((error: SpiffeError) => void) | undefined
  /**
   * Where to tell what happens. It is also published on `node:diagnostics_channel`, to
   * `js-spiffe:workloadapi:update` and `js-spiffe:workloadapi:error`.
   *
   * @default nowhere
   */
  readonly logger?: Logger | undefined
  /** The time. @default the time of the machine */
  readonly clock?: Clock | undefined
}

/** Options of `updates()` and `waitForUpdate()`. */
export interface UpdateOptions {
  /** Ends the wait, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * Whether the process stays alive while somebody waits. A source by itself never keeps it alive; a program
   * that does nothing but follow updates wants this.
   *
   * @default false
   */
  readonly persistent?: boolean | undefined
}
