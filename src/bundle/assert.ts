import { types } from 'node:util'

/** A class, as far as it is needed to know its values: a constructor may be private. */
export interface Kind<T> {
  readonly name: string
  readonly prototype: T
  [Symbol.hasInstance](value: unknown): boolean
}

/** Refuses what a caller in JavaScript may pass where a value of a class belongs. */
export function assertOf<T>(kind: Kind<T>, value: unknown, what: string): asserts value is T {
  if (!(value instanceof kind)) throw new TypeError(`${what} must be of the class ${kind.name}`)
}

/** Refuses what a caller in JavaScript may pass where a document belongs. */
export function assertDocument(document: unknown): asserts document is string | Uint8Array {
  if (typeof document !== 'string' && !types.isUint8Array(document)) {
    throw new TypeError('a document must be a string or a Uint8Array')
  }
}
