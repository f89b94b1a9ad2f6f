import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Credentials } from './world.ts'

/** Programs in C that do what Node has no way to do: they renegotiate under another name. */
export class Attackers implements Disposable {
  /** Why there are none, or `undefined` where there are. */
  readonly missing: string | undefined
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'attackers-'))
  readonly #running = new Set<ChildProcess>()

  constructor() {
    this.missing = this.#compile('reneg') ?? this.#compile('srvreneg')
  }

  /** Runs one, and gives its output line by line. */
  run(name: 'reneg' | 'srvreneg', ...args: readonly string[]): AsyncIterableIterator<string> {
    const child = spawn(join(this.#folder, name), args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
    return createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Puts credentials where an attacker can read them. */
  save({ cert, key }: Credentials, name: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, cert + key)
    return path
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #compile(name: string): string | undefined {
    const source = fileURLToPath(new URL(`../attackers/${name}.c`, import.meta.url))
    const output = join(this.#folder, name)
    const { status, error, stderr } = spawnSync('gcc', ['-o', output, source, '-lssl', '-lcrypto'])
    if (status === 0) return undefined
    return error === undefined ? `gcc cannot compile it: ${String(stderr).split('\n')[0]}` : 'there is no gcc'
  }
}
