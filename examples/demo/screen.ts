import { inspect } from 'node:util'
import type { Outcome, Step } from './step.ts'

const marks = {
  shown: { sign: '✓', colour: 'green' },
  'not shown': { sign: '–', colour: 'yellow' },
  failed: { sign: '✗', colour: 'red' },
} as const satisfies Record<Outcome, unknown>

const TITLE_WIDTH = 54

/** Where the screen is drawn: a terminal, or a file or pipe without colours. */
interface Output {
  write(text: string): unknown
  /** Of terminals alone; it heeds NO_COLOR and FORCE_COLOR. */
  hasColors?(): boolean
}

/** One screen: a line for each step, coloured where the terminal has colours and nobody asked for none. */
export class Screen {
  readonly #out: Output
  readonly #coloured: boolean

  constructor(out: Output) {
    this.#out = out
    this.#coloured = out.hasColors?.() === true
  }

  begin(title: string): void {
    this.#line(`\n  ${this.#style('bold', title)}\n`)
  }

  step({ title, outcome, detail, ms }: Step): void {
    const { sign, colour } = marks[outcome]
    const time = this.#style('dim', `${Math.round(ms)} ms`.padStart(8))
    this.#line(
      `  ${this.#style(colour, sign)} ${title.padEnd(TITLE_WIDTH)}${time}  ${this.#style('dim', detail)}`,
    )
  }

  end(steps: readonly Step[], ms: number): void {
    const count = (outcome: Outcome): number => steps.filter((step) => step.outcome === outcome).length
    const parts = (['shown', 'not shown', 'failed'] as const)
      .filter((outcome) => count(outcome) > 0)
      .map((outcome) => this.#style(marks[outcome].colour, `${count(outcome)} ${outcome}`))
    this.#line(`\n  ${parts.join(', ')} in ${(ms / 1000).toFixed(1)} s\n`)
  }

  #style(style: 'bold' | 'dim' | 'green' | 'yellow' | 'red', text: string): string {
    const [on, off] = inspect.colors[style] ?? [0, 0]
    return this.#coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`)
  }
}
