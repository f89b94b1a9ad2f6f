/** What a step came to. */
export type Outcome = 'shown' | 'not shown' | 'failed'

/** What a step showed: a line for people, and the same as data. */
export interface Finding {
  readonly detail: string
  readonly facts: Readonly<Record<string, string | number>>
}

/** One step of the demo. */
export interface Step {
  readonly title: string
  readonly outcome: Outcome
  /** What was seen, why it was not shown, or what went wrong. */
  readonly detail: string
  readonly facts: Finding['facts']
  readonly ms: number
}

/** Thrown by a step that the identities at hand cannot show. */
export class NotShown extends Error {}

/** Runs steps one after the other, times them and keeps what they came to. */
export class Steps {
  readonly #done: Step[] = []
  readonly #onStep: (step: Step) => void

  constructor(onStep: (step: Step) => void) {
    this.#onStep = onStep
  }

  get done(): readonly Step[] {
    return this.#done
  }

  /** Runs a step that others build on: where it fails, the demo is over. */
  async need<T extends Finding>(title: string, play: () => Promise<T>): Promise<T> {
    const finding = await this.#play(title, play)
    if (finding === undefined) throw new DemoOver(`${title}: failed`)
    return finding
  }

  /** Runs a step that stands for itself. */
  async show(title: string, play: () => Promise<Finding>): Promise<void> {
    await this.#play(title, play)
  }

  async #play<T extends Finding>(title: string, play: () => Promise<T>): Promise<T | undefined> {
    const began = performance.now()
    const end = (outcome: Outcome, { detail, facts }: Finding): void => {
      const step = { title, outcome, detail, facts, ms: performance.now() - began }
      this.#done.push(step)
      this.#onStep(step)
    }
    try {
      const finding = await play()
      end('shown', finding)
      return finding
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      end(error instanceof NotShown ? 'not shown' : 'failed', { detail, facts: {} })
      return undefined
    }
  }
}

/** Thrown when a step failed that all others build on. */
export class DemoOver extends Error {}

/** The exit code of a demo: 0 where it showed something and nothing failed. */
export function exitCode(steps: readonly Step[]): 0 | 1 {
  const cameTo = new Set(steps.map(({ outcome }) => outcome))
  return cameTo.has('shown') && !cameTo.has('failed') ? 0 : 1
}
