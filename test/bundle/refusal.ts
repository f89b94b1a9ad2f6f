import { BundleError } from '../../src/bundle/index.ts'

/** The refusal of an action that has to be refused, which has to be one of this folder. */
export function refusalOf(action: () => unknown): BundleError {
  try {
    action()
  } catch (error) {
    if (error instanceof BundleError) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** The code of a refusal, and the one that it was caused by. */
export function codesOf(action: () => unknown): readonly unknown[] {
  const { code, cause } = refusalOf(action)
  return cause instanceof Error && 'code' in cause ? [code, cause.code] : [code]
}
