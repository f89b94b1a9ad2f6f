import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Contender } from './harness.ts'

/** What go-spiffe is to do again and again. */
export type Work =
  | { readonly jwt: { readonly jwks: string; readonly tokens: readonly string[]; readonly audience: string } }
  | { readonly x509: { readonly authority: string; readonly chains: readonly (readonly string[])[] } }
  | { readonly ids: readonly string[] }

const NEW_LINE = '\n'

/** go-spiffe on one core, in a process of its own that takes turns with this one. */
export class GoSpiffe implements AsyncDisposable {
  readonly #folder: string
  readonly #program: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  #works = 0

  private constructor(folder: string, binary: string) {
    this.#folder = folder
    this.#program = spawn(binary, {
      env: { ...process.env, GOMAXPROCS: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#program.stdout })[Symbol.asyncIterator]()
  }

  /** Builds it, or says why that cannot be. */
  static build(): GoSpiffe | undefined {
    const folder = mkdtempSync(path.join(tmpdir(), 'js-spiffe-bench-'))
    const binary = path.join(folder, 'bench')
    const module = fileURLToPath(new URL('go/', import.meta.url))
    const { status, stderr, error } = spawnSync('go', ['build', '-mod=readonly', '-o', binary, '.'], {
      cwd: module,
      encoding: 'utf8',
    })
    if (status === 0) return new GoSpiffe(folder, binary)
    rmSync(folder, { recursive: true })
    console.log(`go-spiffe takes no part: ${error?.message ?? stderr}`)
    return undefined
  }

  /** A contender that does this work. */
  async contender(work: Work): Promise<Contender> {
    const number = this.#works++
    await this.#ask(work)
    return { name: 'go-spiffe', batch: (times) => this.#ask({ work: number, times }) }
  }

  async #ask(question: object): Promise<number> {
    this.#program.stdin.write(JSON.stringify(question) + NEW_LINE)
    const answer = await this.#lines.next()
    if (answer.done === true) throw new Error('the Go program ended')
    return Number(answer.value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#program.stdin.end()
    rmSync(this.#folder, { recursive: true })
  }
}
