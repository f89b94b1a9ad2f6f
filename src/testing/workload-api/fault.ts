import type { CallName, Response } from './calls.ts'
import type { LineFault } from './line.ts'
import type { Refusal } from './refusal.ts'

/** What a fault does. */
export interface FaultEffects {
  /** A status in place of an answer, also on streams that are open. */
  readonly refuse?: (call: CallName) => Refusal | undefined
  /** Another message in place of the right one. */
  readonly alter?: { readonly [Name in CallName]?: (message: Response<Name>) => Response<Name> }
  /** Other bytes in place of those of the message. */
  readonly corrupt?: (call: CallName, bytes: Uint8Array) => Uint8Array
  /** What is wrong with every connection. */
  readonly line?: LineFault
  /** The socket is not there, or its file is but nobody listens. */
  readonly socket?: 'gone' | 'deaf'
  /** What happens to the open connections, once. */
  readonly strike?: 'go away' | 'reset'
}

/** @internal Makes a fault. */
export let makeFault: (name: string, effects: FaultEffects) => Fault

/** @internal What a fault does. Throws a `TypeError` where it is none. */
export let effectsOf: (fault: Fault) => FaultEffects

/**
 * Something that can go wrong between a workload and its agent: made by {@link faults}, put in place by
 * `Workload.inject`.
 */
export class Fault {
  /** What it is called. */
  readonly name: string
  readonly #effects: FaultEffects

  static {
    makeFault = (name, effects) => new Fault(name, effects)
    effectsOf = (fault) => fault.#effects
  }

  private constructor(name: string, effects: FaultEffects) {
    this.name = name
    this.#effects = effects
  }
}

/** The faults of a workload that are in place now, in the order in which they came. */
export class FaultSet {
  readonly #effects = new Set<FaultEffects>()

  add(effects: FaultEffects): void {
    this.#effects.add(effects)
  }

  delete(effects: FaultEffects): void {
    this.#effects.delete(effects)
  }

  /** @returns Those that were in place. */
  clear(): readonly FaultEffects[] {
    const cleared = [...this.#effects]
    this.#effects.clear()
    return cleared
  }

  /** The status to answer a call with, of the first fault that has one. */
  refusal(call: CallName): Refusal | undefined {
    for (const { refuse } of this.#effects) {
      const refusal = refuse?.(call)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  alter<Name extends CallName>(call: Name, message: Response<Name>): Response<Name> {
    let altered = message
    for (const { alter } of this.#effects) altered = alter?.[call]?.(altered) ?? altered
    return altered
  }

  corrupt(call: CallName, bytes: Uint8Array): Uint8Array {
    let corrupted = bytes
    for (const { corrupt } of this.#effects) corrupted = corrupt?.(call, corrupted) ?? corrupted
    return corrupted
  }

  get line(): LineFault {
    return Object.assign({}, ...[...this.#effects].map(({ line }) => line))
  }

  get socket(): FaultEffects['socket'] {
    return [...this.#effects].find(({ socket }) => socket !== undefined)?.socket
  }
}
