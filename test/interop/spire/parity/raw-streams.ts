import { setTimeout as delay } from 'node:timers/promises'
import type { Response, StreamName } from '../../../../src/testing/workload-api/calls.ts'
import { type Messages, RawClient } from '../../../testing/support.ts'

/** The streams of the Workload API. */
export const streamNames = ['fetchX509SVID', 'fetchX509Bundles', 'fetchJWTBundles'] as const

/** What came on a stream: a message by the fields of it that say something, or the status that ended it. */
export interface RawEvent {
  readonly stream: StreamName
  /** Whether the stream begins with it. */
  readonly isFirst: boolean
  readonly shape: unknown
}

/**
 * Holds all streams open and takes down their messages as they are on the wire: of go-spiffe, an empty field cannot be
 * told from one that is missing, or is filled in.
 */
export class RawStreams {
  readonly events: RawEvent[] = []
  readonly #client: RawClient
  readonly #open = new Set<Messages<unknown>>()
  readonly #ended: Promise<unknown>
  #isClosed = false

  constructor(address: string) {
    this.#client = new RawClient(address)
    this.#ended = Promise.all(streamNames.map((name) => this.#follow(name)))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const stream of this.#open) stream.cancel()
    await this.#ended
    this.#client[Symbol.dispose]()
  }

  async #follow<Name extends StreamName>(name: Name): Promise<void> {
    while (!this.#isClosed) {
      const stream = this.#client.open(name)
      this.#open.add(stream)
      await this.#takeDown(name, stream)
      this.#open.delete(stream)
      await delay(100)
    }
  }

  async #takeDown<Name extends StreamName>(name: Name, stream: Messages<Response<Name>>): Promise<void> {
    let isFirst = true
    const take = (shape: unknown): void => {
      if (!this.#isClosed) this.events.push({ stream: name, isFirst, shape })
      isFirst = false
    }
    try {
      for (;;) take(shapeOf(await stream.next()))
    } catch {
      take(await stream.end())
    }
  }
}

/** What is there and what is not; a JWK Set by the members of its keys. */
function shapeOf(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? 'empty' : 'set'
  if (value instanceof Uint8Array) return shapeOfBytes(value)
  if (value instanceof Map)
    return shapeOf(Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1))))
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]))
}

function shapeOfBytes(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return 'empty'
  return bytes[0] === JSON_BEGINS ? shapeOf(JSON.parse(Buffer.from(bytes).toString())) : 'set'
}

// A certificate begins with another byte.
const JSON_BEGINS = 0x7b
