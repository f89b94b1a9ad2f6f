/** Who is told of something, and waited for. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void | Promise<void>>()

  /** @returns A function that ends the subscription. */
  add(listener: (value: T) => void | Promise<void>): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Tells everybody; the promise is kept when the last one is done. */
  async tell(value: T): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener(value)))
  }
}
