import type { GoWorkloadEvent } from '../../go/support/go-peer.ts'
import { type RawEvent, streamNames } from './raw-streams.ts'

/** What a workload was told in a step, with every number replaced by its order of appearance. */
export interface Told {
  /** What was new to go-spiffe, by stream. */
  readonly changes: Readonly<Record<string, readonly unknown[]>>
  /** What stands at the end, by stream. */
  readonly raw: Readonly<Record<string, unknown>>
  /**
   * The streams that spoke though they had nothing new to say; but for that of JWT bundles. SPIRE writes their keys in
   * any order, and takes another order for news.
   */
  readonly repeated: readonly string[]
}

/** Keeps what was last said on each stream, and the names of numbers. */
export class Account {
  readonly #changed = new Map<string, string>()
  readonly #raw = new Map<string, unknown>()
  readonly #names = new Map<string, string>()

  of(go: readonly GoWorkloadEvent[], raw: readonly RawEvent[]): Told {
    for (const { stream, shape } of raw) this.#raw.set(stream, shape)
    const changes = this.#changesIn(go)
    const spoke = new Set(raw.filter(isLaterMessage).map(({ stream }) => stream))
    return {
      changes,
      raw: Object.fromEntries(streamNames.map((stream) => [stream, this.#raw.get(stream)])),
      repeated: x509Streams
        .filter(([name, event]) => spoke.has(name) && !(event in changes))
        .map(([name]) => name),
    }
  }

  #changesIn(events: readonly GoWorkloadEvent[]): Told['changes'] {
    const changes: Record<string, unknown[]> = {}
    for (const event of events.filter((one, at) => !isPassing(one, events.slice(at + 1)))) {
      const message = this.#named(event)
      const text = JSON.stringify(message)
      if (this.#changed.get(event.event) === text) continue
      this.#changed.set(event.event, text)
      changes[event.event] = [...(changes[event.event] ?? []), message]
    }
    return changes
  }

  #named({ event, svids, bundles, status, error }: GoWorkloadEvent): unknown {
    if (status !== undefined) return { status, error }
    const kind = event === 'jwtBundles' ? 'key' : 'authority'
    return {
      svids: svids?.map((svid) =>
        'serial' in svid ? { ...svid, serial: this.#name('svid', svid.serial) } : svid,
      ),
      bundles: Object.entries(bundles ?? {}).map(([trustDomain, numbers]) => [
        trustDomain,
        numbers.map((number) => this.#name(kind, number)).sort(),
      ]),
    }
  }

  #name(kind: string, number: string): string {
    const known = this.#names.get(number)
    if (known !== undefined) return known
    const name = `${kind} ${[...this.#names.values()].filter((one) => one.startsWith(kind)).length}`
    this.#names.set(number, name)
    return name
  }
}

const x509Streams = [
  ['fetchX509SVID', 'x509Context'],
  ['fetchX509Bundles', 'x509Bundles'],
] as const

/**
 * Whether a refusal was taken back within the same step. A busy agent of SPIRE refuses for a moment when it drops
 * SVIDs of a tainted authority before it has others: how busy it is, is not for us to imitate.
 */
const isPassing = ({ event, status }: GoWorkloadEvent, later: readonly GoWorkloadEvent[]): boolean =>
  status !== undefined && later.some((one) => one.event === event && one.status === undefined)

// A stream that was opened again begins with what is known.
const isLaterMessage = ({ isFirst, shape }: RawEvent): boolean => !isFirst && !isStatus(shape)

const isStatus = (shape: unknown): boolean => typeof shape === 'object' && shape !== null && 'code' in shape
