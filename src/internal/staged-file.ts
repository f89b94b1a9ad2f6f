import { randomBytes } from 'node:crypto'
import { constants, copyFile, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file that is whole and on the disk, but not in its place yet. */
export class StagedFile {
  readonly #staged: string
  readonly #target: string

  private constructor(staged: string, target: string) {
    this.#staged = staged
    this.#target = target
  }

  /**
   * Writes the contents beside the target, under a name that nobody can guess or have made before.
   *
   * @param mode - The permissions, which the file has before its first byte.
   */
  static async write(target: string, contents: string | Uint8Array, mode: number): Promise<StagedFile> {
    const staged = new StagedFile(besides(target), target)
    const file = await open(staged.#staged, 'wx', mode)
    try {
      await file.writeFile(contents)
      // Without this, a file can be in its place and empty after a power cut.
      await file.sync()
    } catch (error) {
      await staged.discard()
      throw error
    } finally {
      await file.close()
    }
    return staged
  }

  /** Copies what is at the target, to be put back if need be; `undefined` where there is nothing. */
  static async copyOf(target: string): Promise<StagedFile | undefined> {
    const copy = new StagedFile(besides(target), target)
    try {
      await copyFile(target, copy.#staged, constants.COPYFILE_EXCL)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
    return copy
  }

  /** Puts it in its place, in one step: whoever opens the target finds the old file or the new one. */
  async commit(): Promise<void> {
    await rename(this.#staged, this.#target)
  }

  /** Removes it, unless it is in its place already. */
  async discard(): Promise<void> {
    await rm(this.#staged, { force: true })
  }
}

function besides(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}`)
}
