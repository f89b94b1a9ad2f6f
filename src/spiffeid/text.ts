/** Refuses what a caller in JavaScript may pass where a text belongs. */
export function assertText(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string, not ${typeof value}`)
}

/** Lower-cases A to Z and nothing else: Unicode folds the Kelvin sign to a `k`. */
export function foldASCII(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
