import { missingForGo } from '../../support/go.ts'
import { sayWhatIsMissing } from '../../support/say-what-is-missing.ts'

/** Says why suites are going to be skipped. */
export function setup(): void {
  sayWhatIsMissing('go', missingForGo)
}
