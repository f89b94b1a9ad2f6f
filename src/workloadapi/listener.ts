import { inspect } from 'node:util'

/** Calls a listener of somebody else. Its failure is its own affair: it is shown, and stops nothing here. */
export function callListener<Parameters extends readonly unknown[]>(
  listener: ((...parameters: Parameters) => void) | undefined,
  ...parameters: Parameters
): void {
  try {
    const result: unknown = listener?.(...parameters)
    if (result instanceof Promise) result.catch(show)
  } catch (error) {
    show(error)
  }
}

function show(error: unknown): void {
  process.emitWarning(`a listener threw ${inspect(error)}`, {
    type: 'SpiffeWarning',
    code: 'SPIFFE_LISTENER_THREW',
  })
}
