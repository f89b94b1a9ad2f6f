import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Keeper } from './keeper.ts'
import { run } from './run.ts'

const cacheFolder = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'js-spiffe')

// SPIRE takes six minutes on two processors.
const buildsWithinMs = 1_800_000

// An older Go fetches the toolchain that a go.mod names; one before 1.21 does not know how.
const howToGetGo = 'install Go 1.21 or newer (https://go.dev/dl) and gcc, and run this again'

/** What keeps Go programs from being built here, or `undefined`. */
export const missingForGo: string | undefined = whatIsMissing()

function whatIsMissing(): string | undefined {
  const go = spawnSync('go', ['env', 'CGO_ENABLED', 'CC'], { encoding: 'utf8' })
  if (go.status !== 0) return `there is no Go here; ${howToGetGo}`
  const [cgo, compiler = ''] = go.stdout.trim().split('\n')
  if (cgo !== '1' || spawnSync(compiler, ['--version']).status !== 0) {
    return `Go finds no C compiler here, which SPIRE's data store needs; ${howToGetGo}`
  }
  return undefined
}

/** A Go module of ours and what to build of it. */
export interface GoBuild {
  /** Names the folder in the cache, with the version that matters. */
  readonly name: string
  /** The folder of the module. */
  readonly module: string
  /** The packages to build, as `go build` takes them. */
  readonly packages: readonly string[]
}

/**
 * Builds a Go module into a cache folder outside the tree, and only once for the same sources and Go.
 *
 * @returns The folder that holds the binaries.
 */
export async function goBuild(keeper: Keeper, { name, module, packages }: GoBuild): Promise<string> {
  const folder = path.join(cacheFolder, `${name}-${fingerprint(module)}`)
  if (existsSync(folder)) return folder

  mkdirSync(cacheFolder, { recursive: true })
  const unfinished = keeper.folder(cacheFolder)
  const args = ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', `${unfinished}/`, ...packages]
  // A build that is killed leaves there what it was at.
  const temporary = keeper.folder()
  const env = { ...process.env, TMPDIR: temporary, GOTMPDIR: temporary }
  const { status, errors } = await run(keeper, 'go', args, { cwd: module, env, timeoutMs: buildsWithinMs })
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed:\n${errors.slice(-8192)}`)
  publish(unfinished, folder)
  return folder
}

function fingerprint(module: string): string {
  const hash = createHash('sha256')
  hash.update(spawnSync('go', ['version'], { cwd: module, encoding: 'utf8' }).stdout)
  const sources = readdirSync(module, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(go|mod|sum)$/.test(file))
    .sort()
  for (const file of sources) hash.update(`${file}\n`).update(readFileSync(path.join(module, file)))
  return hash.digest('hex').slice(0, 12)
}

// Two runs may build the same at once; whoever comes second finds it there.
function publish(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
}
