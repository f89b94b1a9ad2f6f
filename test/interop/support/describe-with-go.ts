import { describe, it } from 'vitest'
import { missingForGo } from './go.ts'

/**
 * A suite that needs Go: where it cannot run it is skipped and says why, and in CI it fails.
 *
 * @param further - What else the suite needs and does not find.
 */
export function describeWithGo(name: string, suite: () => void, further?: string): void {
  const reason = missingForGo ?? further
  if (reason === undefined) {
    describe(name, suite)
  } else if (process.env['CI'] === undefined) {
    describe.skip(`${name} (skipped: ${reason})`, suite)
  } else {
    it(`${name} can run`, () => {
      throw new Error(reason)
    })
  }
}
