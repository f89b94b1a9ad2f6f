import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { goBuild } from '../../support/go.ts'
import { JSONProcess } from '../../support/json-process.ts'
import type { Keeper } from '../../support/keeper.ts'

const module = path.join(import.meta.dirname, '..')

/** Who a Go program is and whom it trusts: from a Workload API, or from PEM. */
export type GoIdentity =
  | { readonly workloadAPI: string }
  | {
      readonly certificates: string
      readonly privateKey: string
      /** PEM by the name of the trust domain. */
      readonly bundles: Readonly<Record<string, string>>
    }

export type GoAuthorize =
  | { readonly any: true }
  | { readonly id: string }
  | { readonly idPrefix: string }
  | { readonly memberOf: string }

export type TLSVersion = '1.2' | '1.3'

/** What go-spiffe and Go's TLS know of a connection. */
export interface GoSaw {
  readonly peer: string
  readonly tls: TLSVersion
  readonly alpn?: string
  readonly sni?: string
  readonly resumed?: true
  readonly proto: string
  readonly body?: string
}

export type GoServerEvent =
  | { readonly event: 'listening'; readonly port: number }
  | (GoSaw & { readonly event: 'request' })
  | { readonly event: 'refused'; readonly error: string }

export type GoClientEvent =
  | (GoSaw & { readonly event: 'response'; readonly status: number })
  | { readonly event: 'failed'; readonly error: string }
  /** `tickets`: how many sessions the server offered to resume. */
  | { readonly event: 'done'; readonly tickets?: number }

interface GoConnection {
  readonly identity: GoIdentity
  readonly authorize: GoAuthorize
  readonly tls: TLSVersion
  readonly http2?: boolean
}

export interface GoDial extends GoConnection {
  readonly address: string
  /** Sent as SNI. Without it Go sends none to an IP address. */
  readonly serverName?: string
  /** Keeps sessions and tries to resume them. */
  readonly resume?: boolean
  readonly connections: number
  readonly requests: number
}

/** What Go's Workload API client hands to a watcher or a caller, or the status it was refused with. */
interface GoReport<E extends string, SVID = never> {
  readonly event: E
  readonly svids?: readonly SVID[]
  /** Serial numbers of authorities, or IDs of keys, by trust domain. */
  readonly bundles?: Readonly<Record<string, readonly string[]>>
  readonly status?: string
  readonly error?: string
}

export interface GoX509SVID {
  readonly id: string
  readonly hint?: string
  readonly serial: string
  readonly chain: number
  /** The ID that verification against the bundles of the same message gave. */
  readonly verified: string
}

export interface GoJWTSVID {
  readonly id: string
  readonly hint?: string
  readonly audience: readonly string[]
  readonly token: string
}

export type GoWorkloadEvent =
  | GoReport<'x509Context', GoX509SVID>
  | GoReport<'x509Bundles'>
  | GoReport<'jwtBundles'>
  | GoReport<'fetched', GoJWTSVID>
  | GoReport<'validated', GoJWTSVID>

/** Bundles by trust domain: concatenated DER, and JWKS documents. */
export interface GoTrust {
  readonly x509?: Readonly<Record<string, Uint8Array>>
  readonly jwt?: Readonly<Record<string, string>>
}

/** What go-spiffe is to judge. `within` names the trust. */
export type GoCase =
  | { readonly within: string; readonly chain: readonly Uint8Array[]; readonly now: Date }
  | { readonly within: string; readonly token: string; readonly audience: readonly string[] }
  | { readonly own: { readonly certificates: Uint8Array; readonly privateKey: Uint8Array } }
  | { readonly id: string }

/** The identity that was found good, or why there is none. */
export type GoVerdict = { readonly id: string } | { readonly error: string }

/** Everything that go-spiffe does for our tests. */
export class GoPeer {
  readonly #keeper: Keeper
  readonly #binary: string

  private constructor(keeper: Keeper, binary: string) {
    this.#keeper = keeper
    this.#binary = binary
  }

  static async build(keeper: Keeper): Promise<GoPeer> {
    const folder = await goBuild(keeper, { name: 'go-spiffe-2.9.0', module, packages: ['.'] })
    return new GoPeer(keeper, path.join(folder, 'peer'))
  }

  /** An HTTPS server that answers each request with what it saw of the client. */
  serve(config: GoConnection): JSONProcess<GoServerEvent> {
    return new JSONProcess(this.#keeper, this.#binary, ['serve'], { config })
  }

  /** An HTTPS client that makes some connections with some requests on each. */
  dial(config: GoDial): JSONProcess<GoClientEvent> {
    return new JSONProcess(this.#keeper, this.#binary, ['dial'], { config })
  }

  /**
   * A Workload API client that watches, and fetches and validates tokens on command.
   *
   * @param uid - The user to start it as.
   */
  workload(address: string, uid?: number): JSONProcess<GoWorkloadEvent> {
    const options = { config: { address } }
    if (uid === undefined) return new JSONProcess(this.#keeper, this.#binary, ['workload'], options)
    // The cache may be in a home that only its owner may look into.
    const binary = path.join(this.#keeper.folder(), 'peer')
    copyFileSync(this.#binary, binary)
    return new JSONProcess(this.#keeper, binary, ['workload'], { ...options, uid, gid: uid, cwd: '/' })
  }

  /** Judges cases on every core and answers in their order. */
  async judge(
    trust: Readonly<Record<string, GoTrust>>,
    cases: Iterable<GoCase>,
  ): Promise<readonly GoVerdict[]> {
    const child = this.#keeper.spawn(this.#binary, ['verdicts'], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (child.stdin === null || child.stdout === null) throw new Error('the Go program has no pipes')

    const [verdicts, [status]] = await Promise.all([
      verdictsIn(child.stdout),
      once(child, 'close'),
      pipeline(questions(trust, cases), child.stdin),
    ])
    if (status !== 0) throw new Error(`the Go program ended with status ${status}`)
    return verdicts
  }
}

async function verdictsIn(output: Readable): Promise<readonly GoVerdict[]> {
  const verdicts: GoVerdict[] = []
  for await (const line of createInterface({ input: output })) {
    const { case: number, ...verdict }: GoVerdict & { case: number } = JSON.parse(line)
    verdicts[number] = verdict
  }
  return verdicts
}

function* questions(trust: Readonly<Record<string, GoTrust>>, cases: Iterable<GoCase>): Generator<string> {
  for (const [name, { x509 = {}, jwt = {} }] of Object.entries(trust)) yield line({ trust: name, x509, jwt })
  let number = 0
  for (const one of cases) {
    // Go counts in whole seconds; the chains of our tests are minted in them too.
    yield line({ ...one, case: number++, ...('now' in one && { now: one.now.getTime() / 1000 }) })
  }
}

const line = (value: unknown): string => `${JSON.stringify(value, bytesAsBase64)}\n`

// Go's JSON reads a slice of bytes from base64. A Buffer turns itself into an object before it gets here.
function bytesAsBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key]
  return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : value
}
