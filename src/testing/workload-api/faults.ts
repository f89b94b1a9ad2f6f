import { generateKeyPairSync } from 'node:crypto'
import { status as codes } from '@grpc/grpc-js'
import { SpiffeID } from '../../spiffeid/spiffe-id.ts'
import { TrustDomain } from '../../spiffeid/trust-domain.ts'
import type { X509SVID } from '../../svid/x509/x509-svid.ts'
import { refusals } from './agent-rules.ts'
import { type CallName, isCallName, type Response } from './calls.ts'
import { type Fault, makeFault } from './fault.ts'
import { Refusal } from './refusal.ts'

/** The names of the gRPC statuses that a call can fail with. */
export type StatusName = Exclude<keyof typeof codes, 'OK'>

/** Options of {@link faults.status}. */
export interface StatusFaultOptions {
  /** Which calls; every call where absent. */
  readonly calls?: readonly CallName[] | undefined
  /** What the status says. @default `injected` and its name */
  readonly details?: string | undefined
  /** After how many answers it is over. @default never */
  readonly times?: number | undefined
}

/**
 * What can go wrong between a workload and its agent. Put in place with `Workload.inject`, alone or several
 * together; each acts from then on, on open streams and connections too, until it is healed.
 *
 * @example
 * A source outlives an agent that is down
 * ```ts
 * import { X509Source } from 'js-spiffe'
 * import { faults, WorkloadAPI } from 'js-spiffe/testing'
 *
 * await using api = await WorkloadAPI.start({ trustDomain: 'acme.internal' })
 * const orders = api.workload('spiffe://acme.internal/orders')
 * await using source = await X509Source.create({ address: orders.address })
 *
 * const heal = orders.inject(faults.socketGone())
 * console.log(`${source.getX509SVID().id}`) // spiffe://acme.internal/orders
 * heal()
 * ```
 */
export const faults = {
  /**
   * Answers calls with a status and ends open streams with it.
   *
   * @param name - Such as `'UNAVAILABLE'`.
   * @param options - Which calls, how often.
   */
  status(name: StatusName, options: StatusFaultOptions = {}): Fault {
    const { calls, details = `injected ${name}`, times = Number.POSITIVE_INFINITY } = options
    if (!Object.hasOwn(codes, name))
      throw new TypeError('a status is named as gRPC names it: UNAVAILABLE, INTERNAL…')
    if (calls !== undefined && !calls.every(isCallName))
      throw new TypeError('a call is named as in fetchX509SVID')
    if (!(times >= 0)) throw new TypeError('times is a count')
    let left = times
    return makeFault(`status ${name}`, {
      refuse: (call) => {
        if (left <= 0 || calls?.includes(call) === false) return undefined
        left--
        return new Refusal(codes[name], details)
      },
    })
  },

  /** Acts as though the workload had no entry: every call is refused, every stream ends. */
  redaction(): Fault {
    return makeFault('redaction', { refuse: () => refusals.noIdentity() })
  },

  /** Sends messages that hold no SVID. */
  emptySVIDs(): Fault {
    return makeFault('empty svids', {
      alter: {
        fetchX509SVID: (message) => ({ ...message, svids: [] }),
        fetchJWTSVID: (message) => ({ ...message, svids: [] }),
      },
    })
  },

  /**
   * Sends the SVIDs under another ID than the one they were issued for.
   *
   * @param id - What the message says.
   */
  wrongID(id: SpiffeID | string): Fault {
    const spiffeID = SpiffeID.from(id).toString()
    return makeFault('wrong ID', {
      alter: {
        fetchX509SVID: everySVID((svid) => ({ ...svid, spiffeID })),
        fetchJWTSVID: (message) => ({
          ...message,
          svids: message.svids.map((svid) => ({ ...svid, spiffeID })),
        }),
      },
    })
  },

  /** Sends X509-SVIDs with a key that is not theirs. */
  mismatchedKey(): Fault {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const x509SVIDKey = privateKey.export({ type: 'pkcs8', format: 'der' })
    return makeFault('mismatched key', {
      alter: { fetchX509SVID: everySVID((svid) => ({ ...svid, x509SVIDKey })) },
    })
  },

  /**
   * Sends certificate and key of another X509-SVID: an expired one, or one of a foreign authority.
   *
   * @param other - The SVID that is sent.
   */
  replacedSVID(other: X509SVID): Fault {
    const x509SVID = Buffer.concat(other.rawCertificates)
    const x509SVIDKey = other.privateKey.export({ type: 'pkcs8', format: 'der' })
    const spiffeID = other.id.toString()
    return makeFault('replaced SVID', {
      alter: { fetchX509SVID: everySVID((svid) => ({ ...svid, spiffeID, x509SVID, x509SVIDKey })) },
    })
  },

  /** Sends X509-SVIDs without the bundle of their trust domain. */
  missingBundle(): Fault {
    const bundle = new Uint8Array()
    return makeFault('missing bundle', {
      alter: { fetchX509SVID: everySVID((svid) => ({ ...svid, bundle })) },
    })
  },

  /**
   * Sends a bundle of a foreign trust domain that cannot be read, of either kind.
   *
   * @param trustDomain - Whose it is.
   */
  brokenFederatedBundle(trustDomain: TrustDomain | string): Fault {
    const { idString } = TrustDomain.from(trustDomain)
    const broken = (bundles: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> =>
      new Map(bundles).set(idString, Buffer.from('{'))
    return makeFault('broken federated bundle', {
      alter: {
        fetchX509SVID: (message) => ({ ...message, federatedBundles: broken(message.federatedBundles) }),
        fetchX509Bundles: (message) => ({ ...message, bundles: broken(message.bundles) }),
        fetchJWTBundles: (message) => ({ ...message, bundles: broken(message.bundles) }),
      },
    })
  },

  /** Sends bytes that are no message, in frames that are in order. */
  garbageMessage(): Fault {
    return makeFault('garbage message', { corrupt: () => Buffer.alloc(64, 0xff) })
  },

  /** Sends bytes that are no frame, on every connection. */
  garbageFrame(): Fault {
    return makeFault('garbage frame', { line: { noise: NO_FRAME } })
  },

  /**
   * Pads messages.
   *
   * @param bytes - By how much, in bytes. The default is more than this library takes.
   * @throws `TypeError` when that is not a whole number.
   */
  oversizeMessage(bytes: number = 65 * 1024 * 1024): Fault {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new TypeError('padding is counted in whole bytes')
    return makeFault('oversize message', { corrupt: (_call, message) => padded(message, bytes) })
  },

  /** Takes connections and answers nothing; open ones fall silent. What came meanwhile passes when it is healed. */
  halfOpen(): Fault {
    return makeFault('half-open connection', { line: { hold: true } })
  },

  /**
   * Lets the answers through in drops.
   *
   * @param options - How many bytes at a time, and how many milliseconds apart, on the clock of the Workload API.
   */
  slowDrip({ bytes = 16, everyMs = 10 }: { readonly bytes?: number; readonly everyMs?: number } = {}): Fault {
    if (!(bytes >= 1) || !(everyMs >= 0)) {
      throw new TypeError('a drop has a byte at least, and comes after 0 ms or more')
    }
    return makeFault('slow drip', { line: { drip: { bytes, everyMs } } })
  },

  /** Takes the socket away, and every connection with it: the agent is not there. */
  socketGone(): Fault {
    return makeFault('socket gone', { socket: 'gone' })
  },

  /** Leaves the file of the socket with nobody behind it, and breaks every connection: the agent was killed. */
  socketDeaf(): Fault {
    return makeFault('socket deaf', { socket: 'deaf' })
  },

  /** Announces the end of every connection, once: calls that are open may go on, new ones need a new connection. */
  goAway(): Fault {
    return makeFault('go away', { strike: 'go away' })
  },

  /** Breaks every connection, once. */
  reset(): Fault {
    return makeFault('reset', { strike: 'reset' })
  },
} as const

// RFC 9113 §6.1: data that belongs to no stream. Bytes that were any longer a frame would be waited for.
const NO_FRAME = Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff)

type X509SVIDMessage = Response<'fetchX509SVID'>['svids'][number]

const everySVID =
  (change: (svid: X509SVIDMessage) => X509SVIDMessage) =>
  (message: Response<'fetchX509SVID'>): Response<'fetchX509SVID'> => ({
    ...message,
    svids: message.svids.map(change),
  })

// A field that no message knows, filled up: whoever reads it all finds the message unchanged.
function padded(message: Uint8Array, bytes: number): Uint8Array {
  return Buffer.concat([message, Uint8Array.of(0xfa, 0x07), lengthOf(bytes), Buffer.alloc(bytes)])
}

/** A length as protobuf writes it: seven bits a byte, the lowest first. */
function lengthOf(bytes: number): Uint8Array {
  const groups: number[] = []
  for (let rest = bytes; rest > 0x7f; rest = Math.floor(rest / 0x80)) groups.push((rest % 0x80) | 0x80)
  groups.push(Math.floor(bytes / 0x80 ** groups.length))
  return Uint8Array.from(groups)
}
