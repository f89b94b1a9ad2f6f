import { sayWhatIsMissing } from '../../support/say-what-is-missing.ts'
import { missingForOpenSSL } from './openssl.ts'

/** Says why suites are going to be skipped. */
export function setup(): void {
  sayWhatIsMissing('oracles', missingForOpenSSL)
}
