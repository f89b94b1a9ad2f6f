/** What a workload is told, one line each, and what it answers with. */

/** The first line. */
export interface WorkloadConfig {
  readonly address: string
  /** How long to wait for the first identity, in milliseconds. */
  readonly timeoutMs: number
}

export type Command =
  /** Serve over HTTPS, to these SPIFFE IDs and members of these trust domains. */
  | { readonly do: 'serve'; readonly admit: readonly string[]; readonly audience: string }
  | Call
  /** Keep the identity and trust of now, to call with after they were replaced. */
  | { readonly do: 'remember' }
  /** Make requests without a pause, pooled and fresh and with bearer tokens, until told to stop. */
  | { readonly do: 'startFlow'; readonly port: number; readonly expect: string; readonly audience: string }
  | { readonly do: 'stopFlow' }
  | { readonly do: 'health' }
  | { readonly do: 'makeAllCalls'; readonly audience: string }
  | { readonly do: 'validate'; readonly token: string; readonly audience: string }
  | { readonly do: 'token'; readonly audience: string; readonly hint?: string }

/** Make one request on a new connection. */
export interface Call {
  readonly do: 'call'
  readonly port: number
  /** The SPIFFE ID that the server has to have. */
  readonly expect: string
  /** Send a JWT-SVID along, for this audience. */
  readonly audience?: string
  /** Send this token along. */
  readonly token?: string
  /** Call with what was remembered, not with what is there now. */
  readonly as?: 'remembered'
}

/** One X.509 update, as the source shows it. */
export interface Identity {
  readonly id: string
  readonly hint?: string | undefined
  readonly serial: string
  readonly dnsNames: readonly string[]
  readonly expiresAt: string
}

/** A failure with what led to it. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly cause?: Failure
}

/** How many requests there were, and what became of them. */
export interface Tally {
  readonly passed: number
  readonly failed: number
}

export type WorkloadEvent =
  | { readonly event: 'started' }
  | { readonly event: 'failed'; readonly error: Failure }
  | {
      readonly event: 'update'
      readonly identities: readonly Identity[]
      /** Serial numbers of authorities by trust domain. */
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
  | { readonly event: 'called'; readonly answer?: Answer; readonly error?: Failure }
  | { readonly event: 'remembered' }
  | { readonly event: 'flowing' }
  | {
      readonly event: 'flowed'
      readonly pooled: Tally
      readonly fresh: Tally
      readonly bearer: Tally
      readonly failures: readonly Failure[]
    }
  | { readonly event: 'calls'; readonly results: Readonly<Record<string, unknown>> }
  | { readonly event: 'validated'; readonly remote: Verdict; readonly local: Verdict }
  | { readonly event: 'token'; readonly token?: string; readonly id?: string; readonly error?: Failure }

export type Verdict = { readonly id: string } | { readonly error: Failure }

/** What the server says of a request. */
export interface Answer {
  readonly peer: string
  /** The subject of the bearer token, where one came along. */
  readonly caller?: string
  /** The DNS names of the server's own certificate, seen by the client. */
  readonly dnsNames?: readonly string[]
}
