/**
 * Compares the requirements of the standards with the tests that show them.
 *
 * `npx tsx tools/conformance.ts` prints how many rows of each standard have a test or a waiver;
 * `--check` prints nothing but what is wrong, and exits 1 when something is.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createVitest } from 'vitest/node'

const ROOT = new URL('../', import.meta.url)
const FOLDER = new URL('test/conformance/', ROOT)
const REQUIREMENTS = new URL('requirements/', FOLDER)
const ROW_ID = /(?<![\w.-])(?:(?:SI|XS|JS|WS|TB|FD|WE|WA)-[\w.]+-\d+|B-\d{2})(?![\w-])/g

/** A requirement of a standard, or a lesson that other libraries have learnt (`B-…`). */
export interface Row {
  readonly id: string
  readonly level: string
  /** V: who validates, B: who reads bundles, C: who calls the Workload API, S: who issues, F, T: later parts. */
  readonly who: readonly string[]
  readonly requirement: string
}

/** The reason of each row that no test can show. */
export type Waivers = Readonly<Record<string, string>>

/** The IDs of rows in the name of a test, each as a whole word. */
export function rowIDs(testName: string): readonly string[] {
  return testName.match(ROW_ID) ?? []
}

/** Whether a row binds what this library does, and so needs a test or a waiver. */
export function isBinding(row: Row): boolean {
  return row.who.some((who) => ['V', 'B', 'C', 'all'].includes(who))
}

/** Everything that is wrong between rows, waivers and the names of tests, a sentence each. */
export function findings(rows: readonly Row[], waivers: Waivers, testNames: readonly string[]): string[] {
  const known = new Set(rows.map((row) => row.id))
  const tested = new Set(testNames.flatMap(rowIDs))
  const isWaived = (id: string): boolean => Object.hasOwn(waivers, id)
  return [
    ...rows
      .filter((row, at) => rows.findIndex(({ id }) => id === row.id) < at)
      .map(({ id }) => `${id} is listed twice`),
    ...rows.filter(({ id }) => rowIDs(id)[0] !== id).map(({ id }) => `${id} is not the ID of a row`),
    ...rows
      .filter((row) => isBinding(row) && !tested.has(row.id) && !isWaived(row.id))
      .map((row) => `${row.id} has neither a test nor a waiver: ${row.requirement}`),
    ...[...tested].filter((id) => !known.has(id)).map((id) => `a test names ${id}, which is not listed`),
    ...Object.entries(waivers).flatMap(([id, reason]) => [
      ...(known.has(id) ? [] : [`${id} is waived, and is not listed`]),
      ...(tested.has(id) ? [`${id} is waived, and has a test`] : []),
      ...(reason.trim() === '' ? [`${id} is waived without a reason`] : []),
    ]),
  ]
}

function readJSON<T>(file: URL): T {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The full names of the tests that would run: one that is skipped shows nothing. */
async function collectTestNames(): Promise<string[]> {
  const vitest = await createVitest('test', { watch: false, root: fileURLToPath(ROOT) })
  try {
    const { testModules, unhandledErrors } = await vitest.collect(['test/conformance'])
    const errors = [...unhandledErrors, ...testModules.flatMap((testModule) => testModule.errors())]
    if (errors.length > 0) throw new Error('the tests cannot be collected', { cause: errors[0] })
    return testModules.flatMap((testModule) =>
      [...testModule.children.allTests()]
        .filter((test) => test.options.mode === 'run')
        .map((test) => test.fullName),
    )
  } finally {
    await vitest.close()
  }
}

async function main(args: readonly string[]): Promise<void> {
  const files = readdirSync(REQUIREMENTS).sort()
  const standards = files.map((file) => ({ file, rows: readJSON<Row[]>(new URL(file, REQUIREMENTS)) }))
  const waivers = readJSON<Waivers>(new URL('waivers.json', FOLDER))
  const testNames = await collectTestNames()

  if (!args.includes('--check')) {
    const tested = new Set(testNames.flatMap(rowIDs))
    for (const { file, rows } of standards) {
      const binding = rows.filter(isBinding)
      const shown = binding.filter(({ id }) => tested.has(id)).length
      const waived = binding.filter(({ id }) => Object.hasOwn(waivers, id)).length
      console.log(`${file}: ${binding.length} binding rows, ${shown} tested, ${waived} waived`)
    }
  }
  const wrong = findings(
    standards.flatMap(({ rows }) => rows),
    waivers,
    testNames,
  )
  for (const finding of wrong) console.error(finding)
  if (args.includes('--check') && wrong.length > 0) process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
