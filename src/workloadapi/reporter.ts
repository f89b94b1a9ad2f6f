import { channel } from 'node:diagnostics_channel'
import { SpiffeError } from '../errors.ts'
import { callListener } from './listener.ts'
import type { SourceOptions } from './source-options.ts'

const errors = channel('js-spiffe:workloadapi:error')
const updates = channel('js-spiffe:workloadapi:update')

// An agent that stays away says the same each time; after this many, once is enough.
const SAME_LINES = 3

/** Where a source tells what happens to it: `onError`, the logger and `node:diagnostics_channel`. */
export class Reporter {
  readonly #source: string
  readonly #address: string
  readonly #options: Pick<SourceOptions, 'onError' | 'logger'>
  #lastWarning = ''
  #repeated = 0

  /**
   * @param source - What kind of source it is, such as `X509Source`.
   * @param address - Where its Workload API listens.
   */
  constructor(source: string, address: string, options: Pick<SourceOptions, 'onError' | 'logger'>) {
    this.#source = source
    this.#address = address
    this.#options = options
  }

  /** A failure that the source outlives. */
  error(error: SpiffeError): void {
    callListener(this.#options.onError, error)
    this.#warn(withCauses(error))
    errors.publish({ source: this.#source, address: this.#address, error })
  }

  /** A change for the better, or the first of all. */
  update(what: string): void {
    this.#repeated = 0
    this.#lastWarning = ''
    callListener(() => this.#options.logger?.info(this.#line(what)))
    updates.publish({ source: this.#source, address: this.#address })
  }

  #warn(what: string): void {
    this.#repeated = what === this.#lastWarning ? this.#repeated + 1 : 1
    this.#lastWarning = what
    if (this.#repeated > SAME_LINES) return
    const silence = this.#repeated === SAME_LINES ? ' (not logged again until it changes)' : ''
    callListener(() => this.#options.logger?.warn(this.#line(what) + silence))
  }

  #line(what: string): string {
    return `${this.#source} at ${this.#address}: ${what}`
  }
}

/** What an error says, and what led to it. */
function withCauses(error: SpiffeError): string {
  const lines = [error.message]
  for (let cause = error.cause; cause instanceof SpiffeError; cause = cause.cause) lines.push(cause.message)
  return lines.join('; because ')
}
