import { expect } from 'vitest'
import { SpiffeError } from '../../../src/errors.ts'
import { documentedDifferences } from './conformance-page.ts'

const ALL_CASES = 10_000

// Bits are flipped at other places in each run.
const SELDOM = ' (seldom)'

/** How many cases to generate: all in CI, fewer where somebody waits. */
export const manyCases: number = process.env['CI'] === undefined ? 1_000 : ALL_CASES

/** Counts where two validators agree, and the kinds of case where they do not. */
export class Tally {
  #accepted = 0
  #refused = 0
  readonly #kinds = new Map<string, number>()

  acceptedByBoth(): void {
    this.#accepted++
  }

  refusedByBoth(): void {
    this.#refused++
  }

  disagreement(kind: string): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
  }

  /**
   * Expects every disagreement to be of a kind that the page lists, and plenty of agreement both ways. Among all
   * cases each kind has to be found, too, but for those that the page calls seldom.
   */
  expectDocumented(heading: string): void {
    const documented = Object.keys(documentedDifferences(heading))
    const possible = documented.map((kind) => kind.replace(SELDOM, ''))
    const usual = documented.filter((kind) => !kind.endsWith(SELDOM))
    expect([...this.#kinds.keys()].filter((kind) => !possible.includes(kind))).toEqual([])
    if (manyCases === ALL_CASES) expect(usual.filter((kind) => !this.#kinds.has(kind))).toEqual([])
    expect(this.#accepted).toBeGreaterThan(manyCases * 0.3)
    expect(this.#refused).toBeGreaterThan(manyCases * 0.3)
  }
}

/** A refusal of ours by its code, and by the rule where the code says only that something is malformed. */
export function kindOf({ code, rule, cause }: SpiffeError): string {
  const clause = cause instanceof SpiffeError ? cause.rule : rule
  return code.endsWith('MALFORMED') ? `\`${code}\`, ${clause}` : `\`${code}\``
}
