import { describe, it } from 'vitest'

/**
 * A suite that needs more than Node: where that is missing it is skipped and says why, and in CI it fails.
 *
 * @param missing - What is missing and how to get it, or `undefined`.
 */
export function describeUnlessMissing(missing: string | undefined, name: string, suite: () => void): void {
  if (missing === undefined) {
    describe(name, suite)
  } else if (process.env['CI'] === undefined) {
    describe.skip(`${name} (skipped: ${missing})`, suite)
  } else {
    it(`${name} can run`, () => {
      throw new Error(missing)
    })
  }
}
