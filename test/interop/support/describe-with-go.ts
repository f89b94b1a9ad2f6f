import { describeUnlessMissing } from './describe-unless-missing.ts'
import { missingForGo } from './go.ts'

/** A suite that needs Go. */
export function describeWithGo(name: string, suite: () => void): void {
  describeUnlessMissing(missingForGo, name, suite)
}
