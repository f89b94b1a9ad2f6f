import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import { bytesKey } from '../internal/bytes.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import type { X509Context, X509ContextSource } from '../svid/source.ts'
import type { X509SVID } from '../svid/x509/x509-svid.ts'
import { callsOf } from './client.ts'
import { Feed } from './feed.ts'
import type { SourceHealth } from './health.ts'
import { clientOf, type SourceClient } from './source-client.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'
import { x509Contexts } from './streams.ts'
import { picked, type X509SVIDPicker } from './x509-picker.ts'

/** Options of {@link X509Source.create}. */
export interface X509SourceOptions extends SourceOptions {
  /**
   * Which of the workload's identities to present. Asked for every message; one for which it throws, or returns
   * something else, is refused.
   *
   * @default the first of them (Workload API §8)
   */
  readonly picker?: X509SVIDPicker | undefined
}

/**
 * An identity that renews itself, with the trust that belongs to it.
 *
 * It holds one message of the Workload API, whole: a new one takes its place at once, and no reader ever sees
 * parts of two. Reading is synchronous and never waits.
 *
 * It goes on for ever. While the agent cannot be reached it keeps what it has, until that expires; what the
 * agent withdraws it stops serving, until there is an identity again. A message that is broken is refused and
 * reported. {@link X509Source.health} tells how it is.
 *
 * It keeps no process alive.
 *
 * @see Workload API §4 and §5
 * @example
 * Serve with an identity
 * ```ts
 * import https from 'node:https'
 * import { X509Source, tlsconfig } from 'js-spiffe'
 *
 * const source = await X509Source.create()
 * const options = tlsconfig.mtlsServerOptions(source, tlsconfig.authorizeMemberOf('acme.internal'))
 * tlsconfig.attach(https.createServer(options, (req, res) => res.end('hello'))).listen(8443)
 * ```
 */
export class X509Source implements X509ContextSource, AsyncDisposable {
  readonly #feed: Feed<X509Context>
  readonly #client: SourceClient

  private constructor(feed: Feed<X509Context>, client: SourceClient) {
    this.#feed = feed
    this.#client = client
  }

  /**
   * Connects to the Workload API and waits for the first identity.
   *
   * @param options - Where the Workload API is and how long to wait: 30 seconds by default.
   * @returns The source, which serves from now on.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_ENDPOINT_…` when the address is none or is missing;
   * `ERR_SPIFFE_SOURCE_TIMEOUT` when no identity came in time, with the last failure as its cause;
   * `ERR_SPIFFE_WORKLOAD_API_INVALID_ARGUMENT` and `…_UNIMPLEMENTED` at once.
   * @throws `TypeError` when an option is wrong, and the reason of the signal when it aborts.
   */
  static async create(options: X509SourceOptions = {}): Promise<X509Source> {
    const { picker } = options
    if (picker !== undefined && typeof picker !== 'function') throw new TypeError('picker is a function')
    const client = clientOf(options)
    try {
      const feed = await Feed.open({
        source: 'X509Source',
        calls: callsOf(client.client),
        stream: picker ? picked(x509Contexts, picker) : x509Contexts,
        options,
        equals: sayTheSame,
        describe: ({ svid }) => `serves ${svid}`,
        lifetimeOf: ({ svid }) => svid,
      })
      return new X509Source(feed, client)
    } catch (error) {
      await client.release()
      throw error
    }
  }

  /**
   * Identity and trust of one message: the same object for as long as nothing changes.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when the source is closed,
   * `ERR_SPIFFE_SOURCE_REDACTED` when the agent withdrew the identity, `ERR_SPIFFE_SOURCE_EXPIRED` when it was not
   * renewed in time. All getters throw these.
   */
  snapshot(): X509Context {
    return this.#feed.value
  }

  /** The identity to present now. */
  getX509SVID(): X509SVID {
    return this.#feed.value.svid
  }

  /**
   * The bundle of a trust domain, or `undefined` where that trust domain is not trusted.
   *
   * @param trustDomain - Whose bundle to look up.
   */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.#feed.value.bundles.get(trustDomain)
  }

  /** Every bundle that is trusted now: ours and the federated ones. */
  getX509Bundles(): Iterable<X509Bundle> {
    return this.#feed.value.bundles
  }

  /**
   * Calls the listener after each change of what the source would answer: a message that says something new, a
   * withdrawal, an expiry, a recovery. The same message again is no change.
   *
   * @returns A function that ends the subscription.
   */
  onChange(listener: () => void): () => void {
    return this.#feed.changes.onChange(listener)
  }

  /**
   * What the source holds now, and then each change. Any number of consumers can iterate; one that is slow gets
   * the newest and misses what was replaced meanwhile. The iteration ends when the source is closed.
   *
   * @example
   * Write the identity where another program reads it
   * ```ts
   * import { X509Source, x509svid } from 'js-spiffe'
   *
   * await using source = await X509Source.create()
   * for await (const { svid } of source.updates({ persistent: true })) {
   *   await x509svid.save(svid, 'svid.pem', 'svid-key.pem')
   *   break // for the example: a program that goes on leaves this out
   * }
   * ```
   */
  updates(options: UpdateOptions = {}): AsyncIterableIterator<X509Context> {
    return this.#feed.changes.updates(options)
  }

  /**
   * Waits for the next change; what the source holds already does not count.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when the source is closed before there is one.
   */
  waitForUpdate(options: UpdateOptions = {}): Promise<X509Context> {
    return this.#feed.next(options)
  }

  /** How the source is. */
  health(): SourceHealth {
    return this.#feed.health()
  }

  /** Ends the stream and, where the client is its own, the connection. Getters throw from now on. */
  async close(): Promise<void> {
    await this.#feed.close()
    await this.#client.release()
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Whether a message only repeats another: agents send those, too. */
function sayTheSame(a: X509Context, b: X509Context): boolean {
  return identitiesOf(a) === identitiesOf(b) && a.bundles.equals(b.bundles)
}

// The certificates are the identity; the key is the one that they certify.
function identitiesOf({ svid, svids }: X509Context): string {
  const chains = svids.map(({ hint, rawCertificates }) => [hint, ...rawCertificates.map(bytesKey)])
  return JSON.stringify([svids.indexOf(svid), ...chains])
}
