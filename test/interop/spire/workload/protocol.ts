import type { SourceOptions } from '../../../../src/workloadapi/index.ts'

/** What a workload is told, one line each, and what it answers with. */

/** The first line. */
export interface WorkloadConfig {
  readonly address: string
  /** How long to wait for the first identity, in milliseconds. */
  readonly timeoutMs: number
  /** What its sources do when the agent denies them what they hold. */
  readonly redaction?: SourceOptions['redaction']
}

export type Command =
  | Serve
  | Call
  /** Keep the identity and trust of now, to serve and call with after they were replaced. */
  | { readonly do: 'remember' }
  /** Make requests of every kind without end, until told to stop. */
  | ({ readonly do: 'startFlow' } & FlowTarget)
  /** Tell what became of them so far. */
  | { readonly do: 'countFlow' }
  | { readonly do: 'stopFlow' }
  | { readonly do: 'health' }
  | { readonly do: 'makeAllCalls'; readonly audience: string }
  | { readonly do: 'validate'; readonly token: string; readonly audience: string }
  | { readonly do: 'token'; readonly audience: string; readonly hint?: string }

/** Serve over HTTPS. */
export interface Serve {
  readonly do: 'serve'
  /** Who may come in: SPIFFE IDs, and names of trust domains. */
  readonly admit: readonly string[]
  /** Whom tokens have to be for. */
  readonly audience: string
  /** Serve with what was remembered, not with what is there now. */
  readonly as?: 'remembered'
}

/** Make one request on a new connection. */
export interface Call {
  readonly do: 'call'
  readonly port: number
  /** The SPIFFE ID that the server has to have. */
  readonly expect: string
  /** Send a JWT-SVID along, for this audience. */
  readonly audience?: string
  /** Call with what was remembered, not with what is there now. */
  readonly as?: 'remembered'
}

/** Where a flow of requests goes. */
export interface FlowTarget {
  readonly port: number
  /** The SPIFFE ID that the server has to have. */
  readonly expect: string
  /** Whom the bearer tokens are for. */
  readonly audience: string
  /** How long after an answer the next request of the same kind is made, in milliseconds. @default 10 */
  readonly pauseMs?: number
}

/** One X.509 update, as the source shows it. */
export interface Identity {
  readonly id: string
  readonly hint?: string | undefined
  readonly serial: string
  /** The authority that issued it, by its key identifier, as SPIRE names authorities. */
  readonly authority: string
  readonly dnsNames: readonly string[]
  readonly validFrom: string
  readonly expiresAt: string
}

/** A failure with what led to it. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly cause?: Failure
}

export type FlowKind = 'pooled' | 'fresh' | 'pooledBearer' | 'freshBearer'

/** How many requests there were, what became of them, and on how many connections they went. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  /** How many of those that passed went on a connection that none had gone on before. */
  readonly opened: number
  /** How many of them went on a connection out of a pool. */
  readonly reused: number
}

/** What became of a flow of requests. */
export interface FlowReport {
  readonly tallies: Readonly<Record<FlowKind, Tally>>
  /** The first failures. */
  readonly failures: readonly Failure[]
}

export type WorkloadEvent =
  | { readonly event: 'failed'; readonly error: Failure }
  /** A failure that a source outlives. */
  | { readonly event: 'outlived'; readonly source: 'X509Source' | 'JWTSource'; readonly error: Failure }
  | {
      readonly event: 'update'
      readonly identities: readonly Identity[]
      /** Key identifiers of authorities by trust domain. */
      readonly authorities: Readonly<Record<string, readonly string[]>>
    }
  /** What the getters of the source did, right after it changed and when asked. */
  | {
      readonly event: 'health'
      readonly state: string
      readonly connected: boolean
      readonly failures: number
      readonly lastError?: Failure
      readonly serves: boolean
      readonly refusal?: Failure
    }
  | { readonly event: 'jwtUpdate'; readonly keys: Readonly<Record<string, readonly string[]>> }
  | { readonly event: 'listening'; readonly port: number }
  /** A client was refused, before its first request. */
  | { readonly event: 'refused'; readonly error: Failure }
  | { readonly event: 'called'; readonly answer?: Answer; readonly error?: Failure }
  | { readonly event: 'remembered'; readonly identity: Identity }
  | { readonly event: 'flowing' }
  | ({ readonly event: 'counted' } & FlowReport)
  | ({ readonly event: 'flowed' } & FlowReport)
  | { readonly event: 'calls'; readonly results: Readonly<Record<string, unknown>> }
  | { readonly event: 'validated'; readonly remote: Verdict; readonly local: Verdict }
  | { readonly event: 'token'; readonly token?: string; readonly id?: string; readonly error?: Failure }

/** Whose token it is, or why it is refused. */
export type Verdict = { readonly id: string } | { readonly error: Failure }

/** What the server says of a request. */
export interface Answer {
  readonly peer: string
  /** The subject of the bearer token, where one came along. */
  readonly caller?: string
  /** The DNS names of the server's own certificate, seen by the client. */
  readonly dnsNames?: readonly string[]
}
