import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of our own for sockets, gone at the end even where nobody closed it. */
export class SocketFolder {
  static readonly #all = new Set<SocketFolder>()
  readonly #path: string
  #sockets = 0

  /**
   * @param parent - Where to make it.
   * @throws `TypeError` when sockets in it would have paths longer than systems allow.
   */
  constructor(parent: string = tmpdir()) {
    if (Buffer.byteLength(parent) > LONGEST_PARENT_BYTES) {
      throw new TypeError(
        `the folder for sockets has a path of at most ${LONGEST_PARENT_BYTES} bytes; pass a shorter one`,
      )
    }
    this.#path = mkdtempSync(join(parent, 'spiffe-'))
    if (SocketFolder.#all.size === 0) process.on('exit', removeAll)
    SocketFolder.#all.add(this)
  }

  /** The path for one more socket. */
  next(): string {
    this.#sockets++
    return join(this.#path, `${this.#sockets}.sock`)
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
    SocketFolder.#all.delete(this)
    if (SocketFolder.#all.size === 0) process.off('exit', removeAll)
  }

  static removeAll(): void {
    for (const folder of SocketFolder.#all) folder.remove()
  }
}

const removeAll = (): void => SocketFolder.removeAll()

// macOS takes 103 bytes for the path of a socket, Linux 107; ours are 30 at most.
const LONGEST_PARENT_BYTES = 73
