interface Entry<K, V> {
  readonly key: K
  value: V
  older: Entry<K, V> | undefined
  newer: Entry<K, V> | undefined
}

/**
 * A map that holds a bounded number of entries and forgets the one that was asked for least recently.
 *
 * The order of use is a linked list, so that a hit changes pointers and not the map.
 */
export class LRU<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>()
  readonly #capacity: number
  #oldest: Entry<K, V> | undefined
  #newest: Entry<K, V> | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, which from now on counts as the most recently used. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry !== this.#newest) {
      this.#unlink(entry)
      this.#append(entry)
    }
    return entry?.value
  }

  set(key: K, value: V): void {
    this.delete(key)
    const entry = { key, value, older: undefined, newer: undefined }
    this.#entries.set(key, entry)
    this.#append(entry)
    if (this.#entries.size > this.#capacity && this.#oldest !== undefined) this.delete(this.#oldest.key)
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key)
    if (entry !== undefined) this.#unlink(entry)
    return this.#entries.delete(key)
  }

  /** The entries, in no order that means anything; looking at them is no use of them. */
  *[Symbol.iterator](): Iterator<readonly [K, V]> {
    for (const { key, value } of this.#entries.values()) yield [key, value]
  }

  #append(entry: Entry<K, V>): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #unlink({ older, newer }: Entry<K, V>): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}
