import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs programs on the library in processes of their own, which are left to end by themselves. */
export class ProgramRunner implements Disposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async build(): Promise<ProgramRunner> {
    // Within the project, so that what it imports is found.
    mkdirSync(join(root, '.cache'), { recursive: true })
    const folder = mkdtempSync(join(root, '.cache', 'program-'))
    await build({
      entryPoints: [join(root, 'src/workloadapi/index.ts')],
      outdir: folder,
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      outExtension: { '.js': '.mjs' },
    })
    return new ProgramRunner(folder)
  }

  /**
   * Runs a program, which finds the library in `workloadapi` and where to connect in `address`.
   *
   * @param onOutput - Called with all output so far, whenever there is more.
   */
  run(program: string, address: string, onOutput?: (output: string) => void): Promise<Ended> {
    const library = JSON.stringify(pathToFileURL(join(this.#folder, 'index.mjs')).href)
    const code = `import * as workloadapi from ${library}\nconst address = process.env.ADDRESS\n${program}`
    const child: ChildProcessByStdio<null, Readable, null> = spawn(
      process.execPath,
      ['--input-type=module', '--eval', code],
      { cwd: root, env: { ...process.env, ADDRESS: address }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      onOutput?.(output)
    })
    return new Promise((resolve) => child.once('close', (exitCode) => resolve({ code: exitCode, output })))
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}
