import type { CallName, Response } from './calls.ts'
import type { LineFault } from './line.ts'
import type { Refusal } from './refusal.ts'

/**
 * Something that can go wrong between a workload and its agent: made by {@link faults}, put in place by
 * `Workload.inject`.
 */
export interface Fault {
  /** What it is called. */
  readonly name: string

  /** @internal A status in place of an answer, also on streams that are open. */
  readonly refuse?: (call: CallName) => Refusal | undefined

  /** @internal Another message in place of the right one. */
  readonly alter?: { readonly [Name in CallName]?: (message: Response<Name>) => Response<Name> }

  /** @internal Other bytes in place of those of the message. */
  readonly corrupt?: (call: CallName, bytes: Uint8Array) => Uint8Array

  /** @internal What is wrong with every connection. */
  readonly line?: LineFault

  /** @internal The socket is not there, or its file is but nobody listens. */
  readonly socket?: 'gone' | 'deaf'

  /** @internal What happens to the open connections, once. */
  readonly strike?: 'go away' | 'reset'
}

/** The faults of a workload that are in place now, in the order in which they came. */
export class FaultSet {
  readonly #faults = new Set<Fault>()

  add(fault: Fault): void {
    this.#faults.add(fault)
  }

  delete(fault: Fault): void {
    this.#faults.delete(fault)
  }

  /** @returns Those that were in place. */
  clear(): readonly Fault[] {
    const cleared = [...this.#faults]
    this.#faults.clear()
    return cleared
  }

  /** The status to answer a call with, of the first fault that has one. */
  refusal(call: CallName): Refusal | undefined {
    for (const fault of this.#faults) {
      const refusal = fault.refuse?.(call)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  alter<Name extends CallName>(call: Name, message: Response<Name>): Response<Name> {
    let altered = message
    for (const { alter } of this.#faults) altered = alter?.[call]?.(altered) ?? altered
    return altered
  }

  corrupt(call: CallName, bytes: Uint8Array): Uint8Array {
    let corrupted = bytes
    for (const { corrupt } of this.#faults) corrupted = corrupt?.(call, corrupted) ?? corrupted
    return corrupted
  }

  get line(): LineFault {
    return Object.assign({}, ...[...this.#faults].map(({ line }) => line))
  }

  get socket(): Fault['socket'] {
    return [...this.#faults].find(({ socket }) => socket !== undefined)?.socket
  }
}
