import { describeUnlessMissing } from './describe-unless-missing.ts'
import { missingForGo } from './go.ts'

/**
 * A suite that needs Go.
 *
 * @param further - What else the suite needs and does not find.
 */
export function describeWithGo(name: string, suite: () => void, further?: string): void {
  describeUnlessMissing(missingForGo ?? further, name, suite)
}
