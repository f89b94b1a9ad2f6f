/** What came of requests that kept flowing. */
export interface Tally {
  readonly requests: number
  readonly failures: number
  readonly firstFailure: string | undefined
}

/** Requests that keep flowing: each caller sends its next one when the last was answered. */
export class Traffic {
  readonly #callers: readonly (() => Promise<unknown>)[]
  readonly #underWay = new Set<Promise<void>>()
  #loops: readonly Promise<void>[] = []
  #flows = false
  #requests = 0
  #failures: string[] = []

  constructor(callers: readonly (() => Promise<unknown>)[]) {
    this.#callers = callers
  }

  get tally(): Tally {
    return {
      requests: this.#requests,
      failures: this.#failures.length,
      firstFailure: this.#failures[0],
    }
  }

  /** Lets requests flow while something happens, and waits for the last of them. */
  async during(happening: () => Promise<void>): Promise<Tally> {
    this.#flows = true
    this.#loops = this.#callers.map((call) => this.#loop(call))
    try {
      await happening()
    } finally {
      this.#flows = false
      await Promise.all(this.#loops)
    }
    return this.tally
  }

  /** Kept when the requests that are under way now have ended. */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async #loop(call: () => Promise<unknown>): Promise<void> {
    while (this.#flows) {
      const request = this.#count(call)
      this.#underWay.add(request)
      await request
      this.#underWay.delete(request)
    }
  }

  async #count(call: () => Promise<unknown>): Promise<void> {
    this.#requests++
    try {
      await call()
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error))
    }
  }
}
