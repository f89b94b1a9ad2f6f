import { SpiffeIDError } from '../../src/spiffeid/index.ts'

/** The code that an action is refused with; `undefined` where it is not refused. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof SpiffeIDError) return error.code
    throw error
  }
}
