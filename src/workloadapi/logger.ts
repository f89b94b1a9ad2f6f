/** Where a source tells what happens to it. `console` is one, and so is every common logger. */
export interface Logger {
  /** What is worth knowing: the first identity, a rotation, a recovery. */
  info(message: string): void
  /** What needs attention: a refused message, an agent that does not answer, a withdrawn identity. */
  warn(message: string): void
}
