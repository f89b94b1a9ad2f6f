import { randomBytes } from 'node:crypto'
import type { Server, TlsOptions } from 'node:tls'
import type { PeerPolicy } from './peer-policy.ts'

/**
 * The three options by which a server is known to be ours, wherever it was created.
 *
 * `ca` and `sessionIdContext` are lost when somebody calls `setSecureContext` on the server, `SNICallback` is
 * not; each of them is lost when somebody sets that option over ours.
 */
export interface Marks {
  /** Trusts nobody: what OpenSSL would admit by itself is nobody. */
  readonly ca: string[]
  /** Says that this copy of the library made the options, and for whom. */
  readonly sessionIdContext: string
  /** Chooses no other context, whatever name a client asks for. */
  readonly SNICallback: NonNullable<TlsOptions['SNICallback']>
}

const policies = new WeakMap<object, PeerPolicy>()

// OpenSSL takes 32 characters: the first half says that this copy of the library made the options.
const brand = randomBytes(8).toString('hex')

/** Makes marks that lead to a policy. */
export function markWith(policy: PeerPolicy): Marks {
  const ca: string[] = []
  const SNICallback: Marks['SNICallback'] = (_name, callback) => callback(null)
  policies.set(Object.freeze(ca), policy)
  policies.set(SNICallback, policy)
  return { ca, sessionIdContext: brand + randomBytes(8).toString('hex'), SNICallback }
}

/** The policy that a server's marks lead to. */
export function policyOf(server: Server): PeerPolicy | undefined {
  // Node keeps the SNICallback under a symbol of its own.
  const kept = Object.getOwnPropertySymbols(server).map((symbol) => Reflect.get(server, symbol))
  for (const mark of [Reflect.get(server, 'ca'), ...kept]) {
    if (policies.has(mark)) return policies.get(mark)
  }
  return undefined
}

/** Whether a server carries any of our marks, be it one that leads nowhere. */
export function isMarked(server: Server): boolean {
  return policyOf(server) !== undefined || String(Reflect.get(server, 'sessionIdContext')).startsWith(brand)
}
