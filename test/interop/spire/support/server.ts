import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import type { Signer } from '../../../support/jwt.ts'
import type { Keeper } from '../../support/keeper.ts'
import { run } from '../../support/run.ts'
import { type ServerSettings, serverConfiguration } from './configuration.ts'
import { Daemon } from './daemon.ts'

/** Who gets which identity. */
export interface Entry {
  readonly spiffeID: string
  /** The workload runs as this user. */
  readonly uid: number
  /** @default a random UUID */
  readonly entryID?: string
  readonly hint?: string
  readonly dnsNames?: readonly string[]
  readonly federatesWith?: readonly string[]
  readonly x509SVIDTTLSeconds?: number
  readonly jwtSVIDTTLSeconds?: number
}

export type AuthorityKind = 'x509' | 'jwt'

const answersWithinMs = 30_000

/** A SPIRE server and what an operator does to it. */
export class SpireServer {
  readonly trustDomain: string
  readonly port: number
  readonly #keeper: Keeper
  readonly #binary: string
  readonly #socket: string
  readonly #keys: string
  readonly #daemon: Daemon
  readonly #configuration: string

  private constructor(keeper: Keeper, binaries: string, settings: ServerSettings, port: number) {
    const folder = keeper.folder()
    this.trustDomain = settings.trustDomain
    this.#keeper = keeper
    this.port = port
    this.#binary = path.join(binaries, 'spire-server')
    this.#socket = path.join(folder, 'server.sock')
    this.#keys = path.join(folder, 'keys.json')
    this.#configuration = path.join(folder, 'server.conf')
    this.#daemon = new Daemon(keeper, this.#binary, this.#socket)
    writeFileSync(this.#configuration, serverConfiguration(settings, { folder, port }))
  }

  static async start(keeper: Keeper, binaries: string, settings: ServerSettings): Promise<SpireServer> {
    const server = new SpireServer(keeper, binaries, settings, await freePort())
    await server.start()
    return server
  }

  /** Starts it again, with the data and keys it had. */
  start(): Promise<void> {
    return this.#daemon.start(['-config', this.#configuration])
  }

  stop(): Promise<void> {
    return this.#daemon.stop()
  }

  /** The ID under which the agent of this server is known. */
  get agentID(): string {
    return `spiffe://${this.trustDomain}/agent`
  }

  /** What it signs JWT-SVIDs with: for tokens that it would never issue. */
  async jwtSigner(): Promise<Signer> {
    const { keys }: { keys: Record<string, string> } = JSON.parse(readFileSync(this.#keys, 'utf8'))
    const known = new Map(Object.values(keys).map((key) => keyPairOf(Buffer.from(key, 'base64'))))
    const document: { keys: JsonWebKey[] } = JSON.parse(await this.bundleDocument())
    for (const jwk of document.keys.filter(({ use }) => use === 'jwt-svid')) {
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
      const privateKey = known.get(thumbprint(publicKey))
      if (privateKey) return { alg: 'ES256', kid: String(jwk['kid']), publicKey, privateKey }
    }
    throw new Error('no key of the server is in its bundle')
  }

  /** The serial number of the SVID that the agent came with last. */
  async agentSerialNumber(): Promise<string | undefined> {
    const { agents } = await this.#ask<{ agents: { x509svid_serial_number: string }[] }>('agent', 'list')
    return agents[0]?.x509svid_serial_number
  }

  async joinToken(): Promise<string> {
    const { value } = await this.#ask<{ value: string }>('token', 'generate', '-spiffeID', this.agentID)
    return value
  }

  /** @returns The ID of the entry, to delete it by. */
  async createEntry(entry: Entry): Promise<string> {
    const args = [
      '-parentID',
      this.agentID,
      '-spiffeID',
      entry.spiffeID,
      '-selector',
      `unix:uid:${entry.uid}`,
    ]
    if (entry.entryID !== undefined) args.push('-entryID', entry.entryID)
    if (entry.hint !== undefined) args.push('-hint', entry.hint)
    for (const name of entry.dnsNames ?? []) args.push('-dns', name)
    for (const trustDomain of entry.federatesWith ?? []) args.push('-federatesWith', trustDomain)
    if (entry.x509SVIDTTLSeconds !== undefined) args.push('-x509SVIDTTL', String(entry.x509SVIDTTLSeconds))
    if (entry.jwtSVIDTTLSeconds !== undefined) args.push('-jwtSVIDTTL', String(entry.jwtSVIDTTLSeconds))
    const { results } = await this.#ask<{ results: { entry: { id: string } }[] }>('entry', 'create', ...args)
    const [created] = results
    if (created === undefined) throw new Error(`no entry was created for ${entry.spiffeID}`)
    return created.entry.id
  }

  /** Entries whose SVIDs are for stores outside: no workload gets them, and they keep the agent busy. */
  async createStoredEntries(count: number): Promise<void> {
    const entries = Array.from({ length: count }, (_, index) => ({
      parent_id: this.agentID,
      spiffe_id: `spiffe://${this.trustDomain}/stored/${index}`,
      selectors: [{ type: 'unix', value: 'uid:0' }],
      store_svid: true,
    }))
    await this.#run(['entry', 'create', '-data', '-'], JSON.stringify({ entries }))
  }

  async deleteEntry(id: string): Promise<void> {
    await this.#ask('entry', 'delete', '-entryID', id)
  }

  /** The server's own bundle, as a SPIFFE bundle document. */
  bundleDocument(): Promise<string> {
    return this.#run(['bundle', 'show', '-format', 'spiffe'])
  }

  /** Trusts another trust domain. */
  async setFederatedBundle(trustDomain: string, document: string): Promise<void> {
    await this.#run(['bundle', 'set', '-format', 'spiffe', '-id', `spiffe://${trustDomain}`], document)
  }

  /** Trusts another trust domain no longer; entries that federate with it forget it. */
  async dissociateFederatedBundle(trustDomain: string): Promise<void> {
    await this.#run(['bundle', 'delete', '-id', `spiffe://${trustDomain}`, '-mode', 'dissociate'])
  }

  /** Makes a new authority and publishes it; nothing is signed with it yet. */
  async prepareAuthority(kind: AuthorityKind): Promise<string> {
    const { prepared_authority } = await this.#ask<{ prepared_authority: { authority_id: string } }>(
      'localauthority',
      kind,
      'prepare',
    )
    return prepared_authority.authority_id
  }

  /** Signs with a prepared authority from now on. @returns The authority that was used so far. */
  async activateAuthority(kind: AuthorityKind, id: string): Promise<string> {
    await this.#ask('localauthority', kind, 'activate', '-authorityID', id)
    const { old } = await this.#ask<{ old: { authority_id: string } }>('localauthority', kind, 'show')
    return old.authority_id
  }

  /** Marks an old authority: whatever it signed is replaced. */
  async taintAuthority(kind: AuthorityKind, id: string): Promise<void> {
    await this.#ask('localauthority', kind, 'taint', '-authorityID', id)
  }

  /** Takes a tainted authority out of the bundle. */
  async revokeAuthority(kind: AuthorityKind, id: string): Promise<void> {
    await this.#ask('localauthority', kind, 'revoke', '-authorityID', id)
  }

  async #ask<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.#run([...args, '-output', 'json']))
  }

  async #run(args: readonly string[], input = ''): Promise<string> {
    const command = [...args, '-socketPath', this.#socket]
    const options = { input, timeoutMs: answersWithinMs }
    const { status, output, errors } = await run(this.#keeper, this.#binary, command, options)
    if (status !== 0) throw new Error(`spire-server ${args.join(' ')} failed: ${errors}${output}`)
    return output
  }
}

const thumbprint = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('hex')

function keyPairOf(pkcs8: Buffer): [thumbprint: string, privateKey: KeyObject] {
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return [thumbprint(createPublicKey(privateKey)), privateKey]
}

/**
 * A port that nobody listens on, below those that systems give to connections: it is free still when the server
 * comes back after a while.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const probe = createServer().listen(port, '127.0.0.1')
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    return port
  }
}
