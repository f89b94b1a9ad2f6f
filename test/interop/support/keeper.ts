import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const reaper = path.join(import.meta.dirname, 'reaper.ts')

/**
 * Owns every process and folder that a suite makes, and sees to it that none is left: after the last test,
 * after a failure, after Ctrl-C, after the end of vitest and after a SIGKILL of the test itself.
 *
 * Each process leads a group of its own, so that what it started goes with it.
 */
export class Keeper {
  static #endsWithVitest = false
  readonly #reaper: ChildProcess
  readonly #reaped: Promise<unknown>

  private constructor(child: ChildProcess) {
    this.#reaper = child
    this.#reaped = once(child, 'close')
    // The reaper must not keep alive the very process it waits for.
    child.unref()
  }

  static start(): Keeper {
    Keeper.#endWithVitest()
    // detached: in a session of its own it does not hear the Ctrl-C that ends the test.
    const child = spawn(process.execPath, ['--import', 'tsx', reaper], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    return new Keeper(child)
  }

  /** Starts a program that ends, at the latest, with this keeper. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { ...options, detached: true })
    const { pid } = child
    if (pid !== undefined) {
      this.#tell(`+group ${pid}`)
      // The group goes with its leader here: none of our programs leaves children behind when it ends well.
      child.once('close', () => this.#tell(`-group ${pid}`))
    }
    return child
  }

  /** Makes a folder that everybody on this machine may read, for sockets and data. */
  folder(parent = tmpdir()): string {
    const folder = mkdtempSync(path.join(parent, 'js-spiffe-'))
    this.#tell(`+folder ${folder}`)
    chmodSync(folder, 0o755)
    return folder
  }

  /** Ends what still runs and removes every folder; returns when all of it is gone. */
  async close(): Promise<void> {
    this.#reaper.ref()
    this.#reaper.stdin?.end()
    await this.#reaped
  }

  // A worker of vitest would go on with its suite when vitest itself was ended, and nobody else. Its way out is a
  // signal: there is no `process.exit` in it.
  static #endWithVitest(): void {
    if (Keeper.#endsWithVitest || !process.connected) return
    Keeper.#endsWithVitest = true
    process.once('disconnect', () => process.kill(process.pid))
  }

  #tell(line: string): void {
    this.#reaper.stdin?.write(`${line}\n`)
  }
}
