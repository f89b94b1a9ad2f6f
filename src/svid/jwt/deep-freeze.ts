/** Freezes a JSON value in place, all the way down. How deep that is was bounded when it was read. */
export function deepFreeze<T>(value: T): Readonly<T> {
  // Whatever is no object counts as frozen.
  if (!Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(Object(value))) deepFreeze(member)
  }
  return value
}
