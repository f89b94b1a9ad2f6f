import type { JWTBundle } from '../bundle/jwt/jwt-bundle.ts'
import type { JWTBundleSet } from '../bundle/jwt/jwt-bundle-set.ts'
import type { JWTBundleSource, X509BundleSource } from '../bundle/source.ts'
import { SpiffeBundle } from '../bundle/spiffe/spiffe-bundle.ts'
import type { X509Bundle } from '../bundle/x509/x509-bundle.ts'
import type { X509BundleSet } from '../bundle/x509/x509-bundle-set.ts'
import type { TrustDomain } from '../spiffeid/trust-domain.ts'
import { AbortScope } from './abort-scope.ts'
import { Changes } from './changes.ts'
import { callsOf } from './client.ts'
import { Feed } from './feed.ts'
import type { SourceHealth } from './health.ts'
import { clientOf, type SourceClient } from './source-client.ts'
import type { SourceOptions, UpdateOptions } from './source-options.ts'
import { jwtBundles, type Stream, x509Bundles } from './streams.ts'

/** How a {@link BundleSource} is: each of its streams. */
export interface BundleSourceHealth {
  /** Whether all is well with both. */
  readonly healthy: boolean
  /** How the X.509 bundles do. */
  readonly x509: SourceHealth
  /** How the JWT bundles do. */
  readonly jwt: SourceHealth
}

/** What a {@link BundleSource} trusts at one moment. */
export interface BundleSourceUpdate {
  /** The X.509 bundles; `undefined` while the agent withdraws them. */
  readonly x509: X509BundleSet | undefined
  /** The JWT bundles; `undefined` while the agent withdraws them. */
  readonly jwt: JWTBundleSet | undefined
}

/**
 * The trust alone, X.509 and JWT authorities, for a service that validates others and needs no identity.
 *
 * Each kind comes over a stream of its own that goes on for ever, as with {@link X509Source}. X.509 authorities
 * authenticate X509-SVIDs and JWT authorities JWT-SVIDs, never each other's. It keeps no process alive.
 *
 * @see Workload API §5.2.2, FetchX509Bundles, and §6.2.2, FetchJWTBundles
 * @example
 * Validate without an identity
 * ```ts
 * import http from 'node:http'
 * import { BundleSource } from 'js-spiffe'
 * import { authenticateBearer } from 'js-spiffe/http'
 * import { matchAny } from 'js-spiffe/spiffeid'
 *
 * const bundles = await BundleSource.create()
 * http.createServer((req, res) => {
 *   authenticateBearer(req.rawHeaders, bundles, { audience: 'orders', authorize: matchAny() }).then(
 *     ({ id }) => res.end(`hello ${id}`),
 *     () => res.writeHead(401).end(),
 *   )
 * })
 * ```
 */
export class BundleSource implements X509BundleSource, JWTBundleSource, AsyncDisposable {
  readonly #x509: Feed<X509BundleSet>
  readonly #jwt: Feed<JWTBundleSet>
  readonly #client: SourceClient
  readonly #changes: Changes<BundleSourceUpdate> = new Changes()

  private constructor(x509: Feed<X509BundleSet>, jwt: Feed<JWTBundleSet>, client: SourceClient) {
    this.#x509 = x509
    this.#jwt = jwt
    this.#client = client
    for (const feed of [x509, jwt]) {
      feed.changes.onChange(() => this.#publish())
      void endOf(feed).then(() => this.#changes.close())
    }
    this.#publish()
  }

  /**
   * Connects to the Workload API and waits for the first bundles of both kinds.
   *
   * @param options - Where the Workload API is and how long to wait: 30 seconds by default.
   * @returns The source, which serves from now on.
   * @throws as {@link X509Source.create} does.
   */
  static async create(options: SourceOptions = {}): Promise<BundleSource> {
    const client = clientOf(options)
    const scope = new AbortScope(options.signal)
    const open = <B extends Iterable<unknown> & { equals(other: B): boolean }>(
      stream: Stream<B>,
      kind: string,
    ): Promise<Feed<B>> =>
      Feed.open({
        source: 'BundleSource',
        calls: callsOf(client.client),
        stream,
        options: { ...options, signal: scope.signal },
        equals: (a, b) => a.equals(b),
        describe: (bundles) => `trusts the ${kind} authorities of ${[...bundles].length} trust domains`,
      })
    const opening = [open(x509Bundles, 'X.509'), open(jwtBundles, 'JWT')] as const
    try {
      const [x509, jwt] = await Promise.all(opening)
      return new BundleSource(x509, jwt, client)
    } catch (error) {
      scope.abort(error)
      await Promise.allSettled(opening.map(async (feed) => (await feed).close()))
      await client.release()
      throw error
    } finally {
      scope.end()
    }
  }

  /**
   * The X.509 bundle of a trust domain, or `undefined` where that trust domain is not trusted.
   *
   * @param trustDomain - Whose bundle to look up.
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when the source is closed,
   * `ERR_SPIFFE_SOURCE_REDACTED` when the agent withdrew the bundles.
   */
  getX509Bundle(trustDomain: TrustDomain | string): X509Bundle | undefined {
    return this.#x509.value.get(trustDomain)
  }

  /** Every X.509 bundle that is trusted now. */
  getX509Bundles(): Iterable<X509Bundle> {
    return this.#x509.value
  }

  /** The JWT bundle of a trust domain, as {@link getX509Bundle} gives the other. */
  getJWTBundle(trustDomain: TrustDomain | string): JWTBundle | undefined {
    return this.#jwt.value.get(trustDomain)
  }

  /** Every JWT bundle that is trusted now. */
  getJWTBundles(): Iterable<JWTBundle> {
    return this.#jwt.value
  }

  /**
   * Both kinds of authorities of a trust domain as one bundle, or `undefined` where neither is trusted.
   *
   * @param trustDomain - Whose bundle to look up.
   * @throws as {@link getX509Bundle} does, when the agent withdrew either kind.
   */
  getBundle(trustDomain: TrustDomain | string): SpiffeBundle | undefined {
    const x509Bundle = this.getX509Bundle(trustDomain)
    const jwtBundle = this.getJWTBundle(trustDomain)
    if (x509Bundle === undefined && jwtBundle === undefined) return undefined
    return SpiffeBundle.from(trustDomain, { x509Bundle, jwtBundle })
  }

  /** Calls the listener after each change of either kind, until the returned function is called. */
  onChange(listener: () => void): () => void {
    return this.#changes.onChange(listener)
  }

  /**
   * What the source trusts now, and then each change of either kind, as {@link X509Source.updates} gives them. That
   * one kind is withdrawn is a change as well; while both are, nothing comes.
   *
   * @example
   * Write the authorities where another program reads them
   * ```ts
   * import { writeFile } from 'node:fs/promises'
   * import { BundleSource } from 'js-spiffe'
   *
   * await using source = await BundleSource.create()
   * for await (const { x509 } of source.updates({ persistent: true })) {
   *   await writeFile('acme.pem', x509?.get('acme.internal')?.marshal() ?? '')
   *   break // for the example: a program that goes on leaves this out
   * }
   * ```
   */
  updates(options: UpdateOptions = {}): AsyncIterableIterator<BundleSourceUpdate> {
    return this.#changes.updates(options)
  }

  /**
   * Waits for the next change of either kind, as {@link updates} gives them; what the source holds already does not
   * count.
   *
   * @throws `WorkloadAPIError` `ERR_SPIFFE_SOURCE_CLOSED` when the source is closed before there is one.
   */
  async waitForUpdate(options: UpdateOptions = {}): Promise<BundleSourceUpdate> {
    for await (const update of this.#changes.after(options)) return update
    throw this.#x509.closedError()
  }

  /** How the source is. */
  health(): BundleSourceHealth {
    const x509 = this.#x509.health()
    const jwt = this.#jwt.health()
    return { healthy: x509.healthy && jwt.healthy, x509, jwt }
  }

  /** Ends the streams and, where the client is its own, the connection. Getters throw from now on. */
  async close(): Promise<void> {
    await Promise.all([this.#x509.close(), this.#jwt.close()])
    await this.#client.release()
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #publish(): void {
    const update = { x509: servedBy(this.#x509), jwt: servedBy(this.#jwt) }
    const servesAny = update.x509 !== undefined || update.jwt !== undefined
    this.#changes.publish(servesAny ? { value: update } : undefined)
  }
}

function servedBy<T>(feed: Feed<T>): T | undefined {
  return feed.health().state === 'serving' ? feed.value : undefined
}

/** Resolves when a feed is closed, which it also is when the client that it shares is. */
async function endOf({ changes }: Feed<X509BundleSet> | Feed<JWTBundleSet>): Promise<void> {
  for await (const _ of changes.updates({})) {
    // Only that there will be no more of them counts.
  }
}
