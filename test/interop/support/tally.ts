import { expect } from 'vitest'
import { SpiffeError } from '../../../src/errors.ts'
import { documentedDifferences } from './conformance-page.ts'

const ALL_CASES = 10_000

// Bits are flipped at other places in each run.
const SELDOM = ' (seldom)'

const isCI = process.env['CI'] !== undefined
const wanted = process.env['CASES']

/** How many cases to generate: all in CI, fewer where somebody waits, or what `CASES` says. */
export const manyCases = Number(wanted ?? (isCI ? ALL_CASES : 1_000))

/** The same for validators that take ten milliseconds for each. */
export const fewerCases = Number(wanted ?? (isCI ? 2_000 : 500))

/** Counts where two validators agree, and the kinds of case where they do not. */
export class Tally {
  readonly #cases: number
  #accepted = 0
  #refused = 0
  readonly #kinds = new Map<string, number>()

  /** @param cases - How many there will be. */
  constructor(cases: number) {
    this.#cases = cases
  }

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
    if (this.#cases === ALL_CASES) expect(usual.filter((kind) => !this.#kinds.has(kind))).toEqual([])
    expect(this.#accepted).toBeGreaterThan(this.#cases * 0.3)
    expect(this.#refused).toBeGreaterThan(this.#cases * 0.3)
  }
}

/** A refusal of ours by its code, and by the rule where the code says only that something is malformed. */
export function kindOf({ code, rule, cause }: SpiffeError): string {
  const clause = cause instanceof SpiffeError ? cause.rule : rule
  return code.endsWith('MALFORMED') ? `\`${code}\`, ${clause}` : `\`${code}\``
}
