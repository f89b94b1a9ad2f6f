import { createPublicKey, type KeyObject } from 'node:crypto'

/**
 * A copy of a public key that shares nothing with the original, to be asked for its JWK or its details.
 *
 * Node 20 holds the lock of a key while it makes the answer. Where what generated the key is collected as garbage
 * at that moment, it waits for the same lock in the same thread, for ever. Nothing generated the copy.
 */
export function detachedKey(publicKey: KeyObject): KeyObject {
  return createPublicKey({
    key: publicKey.export({ format: 'der', type: 'spki' }),
    format: 'der',
    type: 'spki',
  })
}
