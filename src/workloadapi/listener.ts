import { inspect } from 'node:util'

/** Calls a listener of somebody else. What it throws is its own affair: it is shown, and stops nothing here. */
export function callListener<Parameters extends readonly unknown[]>(
  listener: ((...parameters: Parameters) => void) | undefined,
  ...parameters: Parameters
): void {
  try {
    listener?.(...parameters)
  } catch (error) {
    process.emitWarning(`a listener threw ${inspect(error)}`, {
      type: 'SpiffeWarning',
      code: 'SPIFFE_LISTENER_THREW',
    })
  }
}
