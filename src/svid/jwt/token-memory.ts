import { createHash, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { LRU } from '../../internal/lru.ts'

/** Options of {@link TokenMemory}. */
export interface TokenMemoryOptions {
  /**
   * How many tokens to remember at most; the one that came least recently is forgotten first.
   *
   * @default 1024
   */
  readonly capacity?: number | undefined
}

/** @internal Whether one of the keys is known to have signed the token. */
export let isKnownToBeSigned: (memory: TokenMemory, token: string, keys: readonly KeyObject[]) => boolean

/** @internal Remembers that the key signed the token. */
export let rememberSigned: (memory: TokenMemory, token: string, key: KeyObject) => void

/**
 * Remembers of tokens which key signed them, so that the signature of one that comes again is not checked again.
 *
 * That is all it remembers, and it stays true. Whether the key is still in the bundle, the token still valid, its
 * audience the right one and the workload admitted is judged each time: the answer is the one that a full check
 * would give. A token counts once its signature has been verified; nobody fills this memory with others. It holds
 * digests and no tokens.
 *
 * Worth its while where callers use a token many times and the signature is what costs, as with ES384.
 *
 * @example
 * ```ts
 * import { JWTSource, jwtsvid } from 'js-spiffe'
 *
 * const source = await JWTSource.create()
 * const token = (await source.fetchJWTSVID({ audience: 'orders' })).marshal() // for the example: our own
 * const memory = new jwtsvid.TokenMemory({ capacity: 10_000 })
 * const caller = await jwtsvid.parseAndValidate(token, source, 'orders', { memory })
 * ```
 */
export class TokenMemory {
  readonly #signers: LRU<string, KeyObject>

  static {
    isKnownToBeSigned = (memory, token, keys) => {
      const signer = memory.#signers.get(digestOf(token))
      return signer !== undefined && keys.includes(signer)
    }
    rememberSigned = (memory, token, key) => memory.#signers.set(digestOf(token), key)
  }

  constructor({ capacity = 1024 }: TokenMemoryOptions = {}) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new TypeError('capacity must be a whole number of at least 1')
    }
    this.#signers = new LRU(capacity)
  }

  /** @internal */
  [inspect.custom](): string {
    return `TokenMemory(${this.#signers.size} tokens)`
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
