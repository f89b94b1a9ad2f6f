import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { constants, copyFile, lstat, open, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { printable } from './printable.ts'
import { kindOf } from './read-file.ts'

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
   * @throws where a pipe, a device or a socket is: to be moved there would replace it without a word.
   */
  static async write(target: string, contents: string | Uint8Array, mode: number): Promise<StagedFile> {
    await replaceableAt(target)
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

  /** Copies what is at the target, a link as a link, to be put back if need be; `undefined` where there is nothing. */
  static async copyOf(target: string): Promise<StagedFile | undefined> {
    const stats = await replaceableAt(target)
    if (stats === undefined) return undefined
    const copy = new StagedFile(besides(target), target)
    if (stats.isSymbolicLink()) await symlink(await readlink(target), copy.#staged)
    else await copyFile(target, copy.#staged, constants.COPYFILE_EXCL)
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

/** What is at a target, if anything; never what nobody means to lose to a file, and a copy would wait for. */
async function replaceableAt(target: string): Promise<Stats | undefined> {
  const stats = await lstat(target).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  // To move a file to a directory fails by itself.
  if (stats === undefined || stats.isFile() || stats.isSymbolicLink() || stats.isDirectory()) return stats
  throw new Error(`the file ${printable(target)} is ${kindOf(stats)} and no regular file`)
}
